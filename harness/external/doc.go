// Package external asks a process of the user's for numbers: metrics, and rewards, of
// programs that are none of ours.
//
// # The protocol
//
// The process is begun once, works in the folder of the sweep file, and reads lines of
// JSON (UTF-8) from its standard input, a text each:
//
//	{"id":"e17","input":"…","references":["…"],"hypothesis":"…","more":31}
//
// id is the example's; several texts have the same one. more is the number of lines that
// are written right behind this one, without waiting for an answer to it: a process that
// computes several texts at once may wait for those, and for no others. To every line it
// writes one line to its standard output, in their order, an object with a number for
// each name that is asked for:
//
//	{"score":0.75}
//
// Numbers are finite. What else an object has is not looked at, but for an id: that must
// be the line's. Nothing else may be written to standard output; standard error is shown
// to the user. The process ends when its standard input does.
//
// Lines are written in batches ([Settings].Batch), and one batch ahead of that which
// waits for its answers. Where batches begin depends on what is asked alone, and not on
// how fast the process is, unless it was begun again: one that gives the same numbers for
// the same batches gives the same numbers every time.
//
// # What goes wrong
//
// A process that ends before it has answered, or whose next answer does not come in
// time, is killed with all processes of its group, and begun again from the first text
// without an answer ([Settings].Restarts). A line that is no answer, and one too many,
// are errors at once. The process is killed when the context is done that it was made
// with, and when lastmile ends.
package external
