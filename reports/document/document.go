// Package document holds a document as data: a tree of sections, paragraphs,
// lists, tables, figures, code and examples, whose texts are spans.
//
// Who builds a tree writes plain text and knows no format. Who writes a tree
// out knows one format and nothing of what is said: escaping, alignment and
// line breaks are the writer's. There is one writer for Markdown, [Markdown],
// and there is plain text for a terminal, [Spans.String] and [Table.String].
package document

// Document is a titled sequence of blocks.
type Document struct {
	Title  Spans
	Blocks []Block
}

// Block is a part of a document that stands on lines of its own: [Section],
// [Paragraph], [List], [Table], [Figure], [CodeBlock] or [Example].
type Block interface{ block() }

// Section is blocks under a heading. Its level is how deep it stands in the
// tree.
type Section struct {
	Title  Spans
	Blocks []Block
}

// Paragraph is running text.
type Paragraph struct{ Text Spans }

// List is an unordered list.
type List struct{ Items []Item }

// Item is an item of a list, with the items below it.
type Item struct {
	Text  Spans
	Items []Item
}

// Table is a header and rows of cells. A row may be shorter than the header.
type Table struct {
	Header []Spans
	Align  []Alignment // of the columns; those without are aligned to the left
	Rows   [][]Spans
}

// Alignment is the side to which a column's cells are aligned.
type Alignment int

// The alignments of columns.
const (
	Left Alignment = iota
	Right
)

// Add adds a row. Its cells are strings, spans or sequences of spans.
func (t *Table) Add(cells ...any) { t.Rows = append(t.Rows, Row(cells...)) }

// Row makes the cells of a row of strings, spans and sequences of spans.
func Row(cells ...any) []Spans {
	row := make([]Spans, len(cells))
	for i, cell := range cells {
		row[i] = Format("%s", cell)
	}
	return row
}

func (t *Table) alignment(column int) Alignment {
	if column < len(t.Align) {
		return t.Align[column]
	}
	return Left
}

// Figure is a picture in a file of its own.
type Figure struct {
	Name    string // of the figure, unique in the document
	Path    string // of its SVG, from the document; a PNG of that name lies beside it
	Alt     string // what it shows, for those who do not see it
	Caption Spans
}

// CodeBlock is lines in which nothing is markup, such as a command.
type CodeBlock struct{ Text string }

// Example is one example of a task: texts to be compared, one below the other.
type Example struct {
	Name  string // its id
	Note  Spans  // why it is shown
	Texts []Excerpt
}

// Excerpt is one text of an example.
type Excerpt struct {
	Source string // whose text it is: "input", "reference" or a system
	Score  string // what it scores, or ""
	Text   string
	Cut    bool // whether it was cut off before its end
}

func (Section) block()   {}
func (Paragraph) block() {}
func (List) block()      {}
func (Table) block()     {}
func (Figure) block()    {}
func (CodeBlock) block() {}
func (Example) block()   {}
