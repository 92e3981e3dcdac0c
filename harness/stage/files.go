package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// File is what stage.json keeps of a file of its artifact.
type File struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Times
}

// Times are when a file was last changed, in nanoseconds: its content, by the
// time that programs may set, and its content or what the file system knows of it, by
// the one that they may not. A file whose size and both times are as they were counts
// as unchanged. What escapes that is a change below the file system, such as a bit
// that the disk lost, one within the same tick of the clock, and one under a
// clock that was set back to the very time.
type Times struct {
	Modified int64 `json:"modified"`
	Changed  int64 `json:"changed"`
}

// TimesOf returns the times of a file.
func TimesOf(info fs.FileInfo) Times {
	t := Times{Modified: info.ModTime().UnixNano()}
	if status, ok := info.Sys().(*syscall.Stat_t); ok {
		t.Changed = status.Ctim.Nano()
	}
	return t
}

// HashFile returns the SHA-256 of a regular file's content, in hexadecimal, and
// what the file was when it was opened. It ends soon after ctx is done.
func HashFile(ctx context.Context, path string) (hash string, info fs.FileInfo, err error) {
	// Opening a pipe would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return "", nil, err
	}
	if !info.Mode().IsRegular() {
		return "", nil, fmt.Errorf("%s is no regular file", path)
	}
	sum := sha256.New()
	// Most files of a large sweep are small, and there are many.
	buffer := make([]byte, min(max(info.Size()+1, 512), 1<<20))
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, UntilDone(ctx, f), buffer); err != nil {
		return "", nil, err
	}
	return hex.EncodeToString(sum.Sum(nil)), info, nil
}

// UntilDone returns a reader of what r reads that fails once ctx is done.
func UntilDone(ctx context.Context, r io.Reader) io.Reader { return untilDone{ctx, r} }

type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}

// FilesOf hashes the files of a complete artifact in dir, by their paths in it.
func FilesOf(dir string) (map[string]File, error) {
	files := map[string]File{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case name == Checkpoint:
			return filepath.SkipDir
		case entry.IsDir() || name == specName || name == recordName:
			return nil
		}
		// Not to be interrupted: the stage is all but finished.
		hash, info, err := HashFile(context.Background(), path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)] = File{Size: info.Size(), SHA256: hash, Times: TimesOf(info)}
		return nil
	})
	return files, err
}

// DamagedError says that an artifact is not what its stage wrote.
type DamagedError struct {
	// Folder is the artifact's.
	Folder string
	// What says what is wrong with it.
	What string
}

// Error names the folder.
func (e *DamagedError) Error() string { return fmt.Sprintf("%s is damaged: %s", e.Folder, e.What) }

// Check is how closely an artifact is looked at.
type Check int

const (
	// Quick believes a file whose size and times are as stage.json has them, and
	// hashes one of another time: a folder that was copied is as good as before.
	Quick Check = iota
	// Full hashes every file.
	Full
	// Glance compares sizes alone, and reads no file but stage.json.
	Glance
)

// compareFiles compares the files in dir with those of its record. stale tells that
// their content is right, but not their times, which record has now.
func compareFiles(ctx context.Context, dir string, record *Record, check Check) (stale bool, err error) {
	damaged := func(name, format string, values ...any) error {
		return &DamagedError{dir, name + " " + fmt.Sprintf(format, values...)}
	}
	for _, name := range slices.Sorted(maps.Keys(record.Files)) {
		want := record.Files[name]
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return false, damaged(recordName, "names %.200q, which lies elsewhere", name)
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return false, damaged(name, "is missing")
		}
		if err != nil {
			return false, err
		}
		if info.Size() != want.Size {
			return false, damaged(name, "has %d bytes, expected %d", info.Size(), want.Size)
		}
		if check == Glance || check == Quick && TimesOf(info) == want.Times {
			continue
		}
		hash, info, err := HashFile(ctx, path)
		if errors.Is(err, unix.EIO) {
			return false, damaged(name, "cannot be read: %v", err)
		}
		if err != nil {
			return false, err
		}
		if hash != want.SHA256 {
			return false, damaged(name, "has the SHA-256 %s…, expected %s…", hash[:12], want.SHA256[:min(12, len(want.SHA256))])
		}
		if times := TimesOf(info); times != want.Times {
			want.Times, stale = times, true
			record.Files[name] = want
		}
	}
	return stale, nil
}
