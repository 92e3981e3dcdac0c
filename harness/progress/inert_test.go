package progress

import (
	"bytes"
	"os"
	"testing"
)

func TestOnATerminalTextOnlyShows(t *testing.T) {
	const hostile = "a\x1b]0;title\x07\x1b[2Jb\r\n\tc\u202edesrever\u2066\x9b\u0085d\x7f é日"
	const shown = "a␛]0;title␇␛[2Jb␍\n\tc\ufffddesrever\ufffd\ufffd\ufffdd␡ é日"
	if got := Visible(hostile); got != shown {
		t.Errorf("got  %q\nwant %q", got, shown)
	}
	// However it comes in parts.
	for step := 1; step < 5; step++ {
		var b bytes.Buffer
		w := &inert{out: &b}
		for i := 0; i < len(hostile); i += step {
			part := hostile[i:min(i+step, len(hostile))]
			if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatalf("wrote %d of %d: %v", n, len(part), err)
			}
		}
		if b.String() != shown {
			t.Errorf("in steps of %d\ngot  %q\nwant %q", step, b.String(), shown)
		}
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if Inert(write) != write {
		t.Error("a pipe is not left as it is")
	}
	write.Close()
}
