package slurm

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/stage"
)

func TestScript(t *testing.T) {
	t.Parallel()
	j := Job{Settings: settings(), Sweep: "demo", Hash: "0123abcd", Work: "/data/my work/100%", Dir: "/home/me", Command: []string{"/opt/lastmile", "run", "a b.toml"}}
	j.Partition, j.Account, j.Gres, j.Time, j.Memory, j.CPUs = "gpu", "lab", "gpu:1", "12:00:00", "32G", 8
	j.Options = []string{"--constraint=a100"}
	j.Setup = []string{"module load cuda", `export X="a b"`}
	j.Notice = "2m"
	const want = `#!/bin/bash
#SBATCH --partition=gpu
#SBATCH --account=lab
#SBATCH --gres=gpu:1
#SBATCH --time=12:00:00
#SBATCH --mem=32G
#SBATCH --cpus-per-task=8
#SBATCH --constraint=a100
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append

module load cuda
export X="a b"
exec '/opt/lastmile' 'run' 'a b.toml'
`
	if got := j.Script(); got != want {
		t.Errorf("the script is\n%s\nexpected\n%s", got, want)
	}
	if named := (Job{Sweep: "a b,c|d%", Hash: "0123abcd"}).name(); named != "lastmile-a_b_c_d_-0123abcd" {
		t.Errorf("the queue knows it as %s", named)
	}
	submission := []string{
		"sbatch", "--parsable", "--array=0-2,7", "--job-name=lastmile-demo-0123abcd",
		"--output=/data/my work/100%%/slurm/demo-0123abcd/logs/%A_%a.log", "--chdir=/home/me", "/data/my work/100%/slurm/demo-0123abcd/job.sh",
	}
	if got := j.Submission([]int{7, 0, 2, 1}); !slices.Equal(got, submission) {
		t.Errorf("submitted by %q, expected %q", got, submission)
	}
}

// TestAShellReadsTheCommandAsItWas runs a script's last line.
func TestAShellReadsTheCommandAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	words := []string{`it's`, `"so"`, `a  b`, ``, `$HOME`, "`id`", `a\b`, `*`, "a\nb", `--set=task.prompt="{input} => '"`}
	program := filepath.Join(dir, `a "program's"`)
	if err := os.WriteFile(program, []byte("#!/bin/sh\nfor a; do printf '<%s>' \"$a\"; done"), 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "job.sh")
	if err := os.WriteFile(path, []byte(Job{Settings: settings(), Command: append([]string{program}, words...)}.Script()), 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("bash", path).Output()
	if want := "<" + strings.Join(words, "><") + ">"; err != nil || string(out) != want {
		t.Errorf("%v: %s, expected %s", err, out, want)
	}
}

func TestTheHashIsOfTheFolderAndOfWhatIsWanted(t *testing.T) {
	t.Parallel()
	goal := func(kind string) *stage.Stage { return stage.New(kind, 1, nil, nil, "", nil) }
	a, b := goal("a"), goal("b")
	hash := Hash("/work", []*stage.Stage{a, b})
	if len(hash) != 8 || hash != Hash("/work", []*stage.Stage{b, a, b}) {
		t.Errorf("%q depends on the order", hash)
	}
	if hash == Hash("/other", []*stage.Stage{a, b}) || hash == Hash("/work", []*stage.Stage{a}) {
		t.Error("another folder, or other goals, have the same hash")
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	rules := Section().Rules
	for key, values := range map[string][]any{
		"partition": {"a b", "gpu'", "a#b"},
		"time":      {"1h", "10:", "1-"},
		"memory":    {"32 G", "lots"},
		"options":   {[]string{"-p gpu"}, []string{"--comment=a b"}},
		"setup":     {[]string{"a\nb"}},
		"idle":      {"10", "", "0s", "ten minutes"},
		"tasks":     {0},
	} {
		for _, value := range values {
			if rules[key].Broken(value) == "" {
				t.Errorf("%s = %q is taken", key, value)
			}
		}
	}
	for key, values := range map[string][]any{
		"partition": {"", "gpu_a100,gpu-h100"},
		"time":      {"", "90", "1:30", "12:00:00", "2-00", "2-00:00:00"},
		"memory":    {"32G", "500"},
		"gres":      {"gpu:a100:2"},
		"idle":      {"90s", "1h30m", "250ms"},
	} {
		for _, value := range values {
			if broken := rules[key].Broken(value); broken != "" {
				t.Errorf("%s = %q: %s", key, value, broken)
			}
		}
	}
}

func settings() Settings {
	var s experiments.Section = Section()
	return s.Default.(Settings)
}
