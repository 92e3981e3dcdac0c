package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

// A format is a way to write records, with a file of two or more.
type format struct {
	extension, good string
	binary          bool
}

// dataMistakes are those in files of examples.
func dataMistakes(t *testing.T) chapter {
	t.Helper()
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join("harness/records/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	parquet, stream, file := read("rows.parquet"), read("stream.arrow"), read("file.arrow")
	formats := []format{
		{"jsonl", `{"id": "1", "input": "one text", "reference": "one"}` + "\n" +
			`{"id": "2", "input": "two texts", "reference": "two"}` + "\n", false},
		{"json",
			`[{"id": "1", "input": "one text", "reference": "one"}, {"id": "2", "input": "two texts", "reference": "two"}]`,
			false},
		{"csv", "id,input,reference\n1,one text,one\n2,\"two texts\",\"two\"\n", false},
		{"tsv", "id\tinput\treference\n1\tone text\tone\n2\t\"two texts\"\t\"two\"\n", false},
		{"parquet", parquet, true},
		{"arrow", stream, true},
	}
	look := func(given, name, content string, options ...string) mistake {
		return mistake{given: given, args: strings.Join(append([]string{"data", name}, options...), " "),
			files: map[string]string{name: content}}
	}
	var all []mistake
	for _, f := range formats {
		cut := f.good[:len(f.good)-5]
		if f.binary {
			cut = f.good[:len(f.good)*3/4]
		}
		input, reference := "input", "reference"
		if f.binary {
			input, reference = "text", "id"
		}
		all = append(all,
			look("the end is missing", "cut."+f.extension, cut, "--input", input, "--reference", reference),
			look("the end is missing", "cut."+f.extension+".gz", gzipped(f.good)[:len(gzipped(f.good))-12]),
			look("the end is missing", "cut."+f.extension+".zst", zstandard(f.good)[:len(zstandard(f.good))-6]),
			look("no byte", "empty."+f.extension, ""),
			look("other columns", "columns."+f.extension, f.good, "--input", "dialogue"),
			look("an id that is missing", "noid."+f.extension, f.good, "--id", "key", "--input", input, "--reference",
				reference),
			look("a pointer of Git LFS", "pointer."+f.extension, pointer),
		)
	}
	bomb := blanks(300 << 20)
	const record = `{"input": "a text", "reference": "one"}` + "\n"
	all = append(all,
		look("the end is missing", "file.arrow", file[:len(file)-40]),
		look("a byte in the middle is another", "spoilt.parquet", spoilt(parquet)),
		look("a byte in the middle is another", "spoilt.arrow", spoilt(stream)),
		look("bytes that mean nothing", "noise.parquet", "PAR1"+strings.Repeat("\xff\x00\x81", 400)+"PAR1"),
		look("bytes that mean nothing", "noise.arrow", strings.Repeat("\xff\x00\x81", 400)),
		look("a length beyond the file", "length.arrow", "\xff\xff\xff\xff\xff\xff\xff\x7f"+strings.Repeat("\x00", 100)),
		look("a text that is called Parquet", "text.parquet", record),
		look("a Parquet file that is called CSV, of other columns", "parquet.csv", parquet),
		look("a text that is called gzip", "text.jsonl.gz", record[:20]),
		look("only the beginning of gzip", "begin.jsonl.gz", "\x1f\x8b"),
		look("a window of Zstandard of a terabyte", "window.jsonl.zst", "\x28\xb5\x2f\xfd\x00\xf8"+strings.Repeat("\x00",
			20)),
		look("300 MB of spaces in 300 kB", "bomb.jsonl.gz", bomb),
		look("300 MB of spaces in 300 kB", "bomb.csv.gz", bomb),
		look("300 MB of spaces in 300 kB", "bomb.parquet.gz", bomb),
		look("80 MB of the same words in some kB", "bomb.parquet", sameRows(t, 80<<20), "--reference", "input"),
		look("not JSON", "broken.jsonl", record+"{input: 1}\n"),
		look("a number in place of a record", "number.jsonl", record+"3\n"),
		look("a list in place of a record", "list.jsonl", record+"[1, 2]\n"),
		look("lists 100,000 deep", "deep.jsonl", strings.Repeat("[", 100_000)+"\n"),
		look("an input that is a number", "type.jsonl", `{"input": 3, "reference": "one"}`+"\n"),
		look("an input that is null", "null.jsonl", record+`{"input": null, "reference": "one"}`+"\n"),
		look("an input that is empty", "blank.jsonl", record+`{"input": "", "reference": "one"}`+"\n"),
		look("references that are tables", "tables.jsonl", `{"input": "a text", "references": [{"a": 1}]}`+"\n"),
		look("no reference", "noref.jsonl", record+`{"input": "a text"}`+"\n"),
		look("no references in the list", "norefs.jsonl", `{"input": "a text", "references": []}`+"\n"),
		look("messages without an assistant's", "chat.jsonl", `{"messages": [{"role": "user", "content": "Who?"}]}`+"\n",
			"--input", "messages", "--reference", "messages"),
		look("messages without roles", "roles.jsonl", `{"messages": [{"content": "Who?"}]}`+"\n", "--input", "messages",
			"--reference", "messages"),
		look("an id that is there twice", "twice.jsonl", `{"id": 1, "input": "a", "reference": "b"}`+"\n"+
			`{"id": 1, "input": "c", "reference": "d"}`+"\n", "--id", "id"),
		look("an id that is a list", "idlist.jsonl", `{"id": [1], "input": "a", "reference": "b"}`+"\n", "--id", "id"),
		look("blanks alone", "blanks.jsonl", "\n \n\n"),
		look("a head alone", "head.csv", "input,reference\n"),
		look("a cell too many", "cells.csv", "input,reference\na,b\nc,d,e\n"),
		look("a column that is there twice", "columns2.csv", "input,input,reference\na,b,c\n"),
		look("a quote in the middle of a cell", "quote.csv", "input,reference\na,b\n\"c\"d,e\n"),
		look("an object in place of a list", "object.json", `{"input": "a text", "reference": "one"}{`),
		look("bytes that are not UTF-8", "latin1.jsonl", record+"{\"input\": \"na\xefve\", \"reference\": \"one\"}\n"),
		look("bytes that are not UTF-8", "latin1.csv", "input,reference\nna\xefve,b\n"),
		mistake{given: "a line of 65 MB", args: "data long.jsonl", make: func(dir string) error {
			// A file with a hole, which takes no room, and is read as zeros.
			path := filepath.Join(dir, "long.jsonl")
			return errors.Join(os.WriteFile(path, []byte("{"), 0o666), os.Truncate(path, 65<<20))
		}},
		mistake{given: "a file that is not there", args: "data nowhere.jsonl"},
		mistake{given: "a data set that there is not", args: "data debian-description"},
		mistake{given: "a folder without data", args: "data folder", make: folders("folder")},
		mistake{given: "a folder with other files", args: "data folder",
			files: map[string]string{"folder/README.md": "no data", "folder/train.txt": "no data"}},
		mistake{given: "a folder with one split", args: "data folder",
			files: map[string]string{"folder/train.jsonl": record}},
		mistake{given: "a folder with a split in two forms", args: "data folder",
			files: map[string]string{"folder/train.jsonl": record, "folder/train.csv": "input,reference\na,b\n"}},
		mistake{given: "a saved data set that names a file elsewhere", args: "data folder",
			files: map[string]string{"folder/state.json": `{"_data_files": [{"filename": "../../x.arrow"}]}`}},
		mistake{given: "a saved data set whose `state.json` is cut", args: "data folder",
			files: map[string]string{"folder/state.json": `{"_data_files": [`}},
		mistake{given: "a saved data set whose `state.json` is a link to `/dev/zero`", args: "data folder",
			make: links("folder/state.json", "/dev/zero")},
		mistake{given: "a saved data set without its file", args: "data folder",
			files: map[string]string{"folder/state.json": `{"_data_files": [{"filename": "data.arrow"}]}`}},
		mistake{given: "a pattern that no file matches", args: "data nowhere-*.parquet"},
		mistake{given: "a pattern that is none", args: "data [.jsonl"},
		mistake{given: "a pipe", args: "data pipe.jsonl", make: pipes("pipe.jsonl")},
		mistake{given: "a link to `/dev/zero`", args: "data zero.jsonl", make: links("zero.jsonl", "/dev/zero")},
		mistake{given: "a folder that is called a file", args: "data folder.jsonl", make: folders("folder.jsonl")},
		mistake{given: "a link to nowhere", args: "data link.jsonl", make: links("link.jsonl", "nowhere.jsonl")},
		mistake{given: "a sweep's training file that is not there",
			args: "run sweep.toml --set task.files.train=nowhere.jsonl --dry-run"},
		mistake{given: "a sweep without a test file", args: "run sweep.toml --set task.files.test= --dry-run"},
		mistake{given: "a sweep's training file with a broken line", files: map[string]string{"t.jsonl": record + "{\n"}},
		mistake{given: "a sweep's training file that is empty", files: map[string]string{"t.jsonl": ""}},
		mistake{given: "a sweep's training file that is `/dev/zero`", make: links("t.jsonl", "/dev/zero")},
		mistake{given: "a sweep's fields that the data have not",
			args: "run sweep.toml --set task.fields.input=dialogue --dry-run"},
		mistake{given: "a task in a file that is no sweep file", args: "data other.toml",
			files: map[string]string{"other.toml": "[tool.poetry]\nname = \"x\"\n"}},
	)
	return chapter{title: "Data", text: "Of each format a file of its own, as it is and packed by gzip and Zstandard.",
		mistakes: all}
}

// pointer is what Git leaves in place of a file that Git LFS keeps.
const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

// spoilt is a file of which a few bytes in the middle are others.
func spoilt(content string) string {
	middle := len(content) / 2
	return content[:middle] + strings.Repeat("\xa5", 64) + content[middle+64:]
}

// blanks is a file of so many blanks, packed by gzip.
func blanks(n int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for range n >> 10 {
		w.Write(bytes.Repeat([]byte(" "), 1<<10))
	}
	w.Close()
	return b.String()
}

// sameRows is a Parquet file of so many bytes in rows that are all the same.
func sameRows(t *testing.T, n int) string {
	t.Helper()
	type row struct {
		Input string `parquet:"input,dict"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	rows := slices.Repeat([]row{{strings.Repeat("the same", 1<<7)}}, 1<<10)
	for range n >> 20 {
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

func zstandard(text string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err) // it has no options that could be wrong
	}
	return string(w.EncodeAll([]byte(text), nil))
}
