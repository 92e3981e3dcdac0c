package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// cluster is a Slurm of its own on this machine: munged, slurmctld and a slurmd for
// each of three nodes with one processor, as the user who runs the test.
type cluster struct {
	t   *testing.T
	dir string
}

// nodes are those of a cluster.
var nodes = []string{"n1", "n2", "n3"}

// configuration is the slurm.conf, by the folder, the user, the machine's name and
// four ports.
const configuration = `ClusterName=test
SlurmctldHost=%[3]s(127.0.0.1)
SlurmctldPort=%[4]d
SlurmUser=%[2]s
SlurmdUser=%[2]s
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=%[1]s/munge/socket
StateSaveLocation=%[1]s/state
SlurmdSpoolDir=%[1]s/spool-%%n
SlurmctldPidFile=%[1]s/slurmctld.pid
SlurmdPidFile=%[1]s/slurmd-%%n.pid
SlurmctldLogFile=%[1]s/slurmctld.log
SlurmdLogFile=%[1]s/slurmd-%%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
ReturnToService=2
SlurmdTimeout=300
KillWait=5
NodeName=n1 NodeAddr=127.0.0.1 NodeHostname=%[3]s Port=%[5]d CPUs=1 RealMemory=1000
NodeName=n2 NodeAddr=127.0.0.1 NodeHostname=%[3]s Port=%[6]d CPUs=1 RealMemory=1000
NodeName=n3 NodeAddr=127.0.0.1 NodeHostname=%[3]s Port=%[7]d CPUs=1 RealMemory=1000
PartitionName=main Nodes=n1,n2,n3 Default=YES MaxTime=INFINITE State=UP
`

// startCluster starts a Slurm, which ends with the test. The test is skipped where
// Slurm is not installed.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/usr/local/sbin")
	for _, program := range []string{"munged", "slurmctld", "slurmd", "sbatch"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no Slurm here: %v; on Debian, apt-get install slurm-wlm", err)
		}
	}
	// Short, for the path of a socket has little room.
	dir, err := os.MkdirTemp("", "slurm")
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t, dir}
	t.Cleanup(c.stop)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	for _, name := range []string{"munge", "state"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("munge/key", strings.Repeat("a key for a test", 64), 0o400)
	ports := freePorts(t, 4)
	t.Setenv("SLURM_CONF", write("slurm.conf", fmt.Sprintf(configuration, dir, me.Username, host, ports[0], ports[1], ports[2], ports[3]), 0o644))
	c.must("munged", "--force", "--key-file="+dir+"/munge/key", "--socket="+dir+"/munge/socket", "--pid-file="+dir+"/munge/pid", "--log-file="+dir+"/munge/log", "--seed-file="+dir+"/munge/seed")
	c.must("slurmctld", "-c")
	for _, node := range nodes {
		c.must("slurmd", "-N", node)
	}
	c.until("the nodes", 120*time.Second, func() bool {
		return strings.Count(c.ask("sinfo", "--noheader", "--Node", "--format=%T"), "idle") == len(nodes)
	})
	return c
}

// freePorts are ports that nobody listened to a moment ago.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// stop ends the jobs and the daemons.
func (c *cluster) stop() {
	if c.t.Failed() {
		for _, name := range []string{"slurmctld.log", "slurmd-n2.log"} {
			text, _ := os.ReadFile(filepath.Join(c.dir, name))
			c.t.Logf("the end of %s:\n%s", name, text[max(0, len(text)-3000):])
		}
	}
	for _, node := range nodes {
		c.killNode(node)
	}
	for _, name := range []string{"slurmctld.pid", "munge/pid"} {
		c.kill(name, syscall.SIGTERM)
	}
	c.until("the end of the daemons", 60*time.Second, func() bool { return os.RemoveAll(c.dir) == nil })
}

// kill sends a signal to the process whose number a file has.
func (c *cluster) kill(name string, signal syscall.Signal) {
	text, _ := os.ReadFile(filepath.Join(c.dir, name))
	if process, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		syscall.Kill(process, signal)
	}
}

// killNode kills a node's daemon and all that runs on the node.
func (c *cluster) killNode(node string) {
	c.kill("slurmd-"+node+".pid", syscall.SIGKILL)
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		number, err := strconv.Atoi(filepath.Base(process))
		if err == nil && number != os.Getpid() && c.isOn(process, node) {
			syscall.Kill(number, syscall.SIGKILL)
		}
	}
}

// isOn reports whether a process belongs to a node: one of a job says so in its
// environment, and the daemon of a job's step has the node's log open.
func (c *cluster) isOn(process, node string) bool {
	environment, _ := os.ReadFile(filepath.Join(process, "environ"))
	if bytes.Contains(environment, []byte("SLURM_CONF="+c.dir+"/")) && bytes.Contains(environment, []byte("SLURMD_NODENAME="+node+"\x00")) {
		return true
	}
	line, _ := os.ReadFile(filepath.Join(process, "cmdline"))
	if !bytes.HasPrefix(line, []byte("slurmstepd")) {
		return false
	}
	files, _ := filepath.Glob(filepath.Join(process, "fd", "*"))
	for _, file := range files {
		if path, err := os.Readlink(file); err == nil && path == filepath.Join(c.dir, "slurmd-"+node+".log") {
			return true
		}
	}
	return false
}

// ask runs a command, whatever becomes of it, and returns what it writes.
func (c *cluster) ask(words ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput()
	return string(out)
}

func (c *cluster) must(words ...string) {
	c.t.Helper()
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		c.t.Fatalf("%q: %v\n%s", words, err, out)
	}
}

func (c *cluster) until(what string, limit time.Duration, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s did not come about in %v; in the queue:\n%s", what, limit, c.ask("squeue", "--array"))
		}
	}
}

// hurry lets requeued jobs begin after three seconds, which Slurm leaves waiting for two
// minutes.
func (c *cluster) hurry() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		seen := map[string]time.Time{}
		for ctx.Err() == nil {
			waiting := map[string]time.Time{}
			for line := range strings.Lines(c.ask("squeue", "--noheader", "--array", "--state=PENDING", "--format=%i %r")) {
				id, why, _ := strings.Cut(strings.TrimSpace(line), " ")
				if why != "BeginTime" {
					continue
				}
				if waiting[id] = seen[id]; seen[id].IsZero() {
					waiting[id] = time.Now()
				} else if time.Since(seen[id]) > 3*time.Second {
					c.ask("scontrol", "update", "JobId="+id, "StartTime=now")
				}
			}
			seen = waiting
			select {
			case <-time.After(300 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// underSlurm is a sweep of one short policy and two long ones, each as many epochs as
// it is given.
const underSlurm = `
name = "tiny"
task = { data = "files", files = { train = "t.jsonl", dev = "t.jsonl", test = "t.jsonl" }, max_prompt_tokens = 24, max_response_tokens = 8 }
model = { path = "", vocab_size = 270, hidden_size = 8, intermediate_size = 8, num_hidden_layers = 1, num_attention_heads = 1, num_key_value_heads = 1, max_position_embeddings = 40 }
base = { steps = 1, copy_steps = 0, batch_tokens = 64 }
mle = { batch_size = 2, eval_every = 1000000, checkpoint_every = 20 }
algorithm = "none"
metrics.names = ["rouge1", "length"]
decode.sample.enabled = false
runtime.threads = 1
[slurm]
tasks = 2
time = "1"                # minutes; the notice comes as soon as Slurm looks, every 30 s
notice = "60s"
poll = "500ms"
memory = "100M"
setup = ["export GREETING='a \"greeting\"'", "echo $GREETING"]
[[variant]]
name = "short"
mle.epochs = %[1]d
[[variant]]
name = "long"
mle.epochs = %[2]d
[[variant]]
name = "longer"
mle.epochs = %[2]d
mle.learning_rate = 2e-3
`

// lastmile is the program's command in a folder, as a process of its own.
func lastmile(dir string, arguments ...string) (*exec.Cmd, *bytes.Buffer) {
	c := exec.Command(os.Args[0], arguments...)
	c.Dir = dir
	out := new(bytes.Buffer)
	c.Stdout, c.Stderr = out, out
	return c, out
}

// TestASweepSurvivesWhatSlurmDoes computes a sweep on two nodes, one of which dies; a
// task is cancelled, another requeued, the time limit strikes, and the coordinator is
// stopped and comes back. The artifacts are those of a run without Slurm.
func TestASweepSurvivesWhatSlurmDoes(t *testing.T) {
	c := startCluster(t)
	began := time.Now()
	dir := filepath.Join(t.TempDir(), "a folder's \"name\" of 100%")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var examples strings.Builder
	for i := range 4 {
		fmt.Fprintf(&examples, `{"id": "e%[1]d", "input": "a text number %[1]d", "reference": "text %[1]d"}`+"\n", i)
	}
	sweep := func(short, long int) {
		t.Helper()
		for name, text := range map[string]string{"t.jsonl": examples.String(), "sweep.toml": fmt.Sprintf(underSlurm, short, long)} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Without Slurm first: this tells, too, how long an epoch takes here.
	const short = 400
	sweep(short, short+1)
	if c, out := lastmile(dir, "run", "sweep.toml", "--work", "straight", "--where", "variant=short"); c.Run() != nil {
		t.Fatal(out)
	}
	sweep(short, int(short*12/seconds(t, dir)))

	defer c.hurry()()
	arguments := []string{"run", "sweep.toml", "--work", "my work", "--set", `description=it's "so", $HOME`, "--executor", "slurm"}
	first, firstOut := lastmile(dir, arguments...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { first.Process.Kill() })
	work := filepath.Join(dir, "my work")
	running := func() (tasks []string) {
		for line := range strings.Lines(c.ask("squeue", "--noheader", "--array", "--state=RUNNING", "--format=%F_%K")) {
			tasks = append(tasks, strings.TrimSpace(line))
		}
		return tasks
	}
	checkpoints := func() int {
		found, _ := filepath.Glob(filepath.Join(work, "partial", "mle-*", "checkpoint", "state.json"))
		return len(found)
	}
	c.until("two policies in computation", 240*time.Second, func() bool { return checkpoints() == 2 && len(running()) == 2 })

	// A node dies. Slurm would see it by itself after SlurmdTimeout.
	c.killNode("n1")
	c.must("scontrol", "update", "nodename=n1", "state=down", "reason=test")
	c.until("the dead node's task, again", 120*time.Second, func() bool { return restarted(work) && len(running()) == 2 })

	// Somebody cancels a task; the coordinator submits it again.
	cancelled := running()[1]
	c.must("scancel", cancelled)
	c.until("the cancelled task, again", 120*time.Second, func() bool { return len(jobsOf(t, work)) == 2 && len(running()) == 2 })

	// The coordinator leaves and comes back.
	first.Process.Signal(syscall.SIGINT)
	var exit *exec.ExitError
	if err := first.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("stopped, the coordinator ends with %v", err)
	}
	for _, want := range []string{
		`submitted job 1: 2 tasks`,
		`task ` + cancelled + ` died \(1 of 4\): it was told to stop; Slurm: CANCELLED`,
		`submitted job \d+: 1 task`,
		`stopped looking; jobs \d+ \d+ go on \(scancel \d+ \d+ ends them\). To come back:`,
		`run sweep.toml --work 'my work' --set 'description=it'\\''s "so", \$HOME' --executor slurm`,
	} {
		if !regexp.MustCompile(want).MatchString(firstOut.String()) {
			t.Errorf("the coordinator does not say %s", want)
		}
	}
	// Tasks go on, and leave the store to the coordinator.
	stored := func() string {
		text, err := os.ReadFile(filepath.Join(work, "lastmile.db"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	written := func() (all string) {
		found, _ := filepath.Glob(filepath.Join(work, "partial", "*", "checkpoint", "state.json"))
		for _, name := range found {
			text, _ := os.ReadFile(name) // it may be finished meanwhile
			all += string(text)
		}
		return all
	}
	left, before := stored(), written()
	c.until("a checkpoint that nobody waits for", 180*time.Second, func() bool { return written() != before })
	if stored() != left {
		t.Error("somebody has written to the store while the coordinator was away")
	}
	second, secondOut := lastmile(dir, arguments...)
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { second.Process.Kill() })

	// An administrator requeues a task.
	c.must("scontrol", "requeue", running()[0])

	// The time limit strikes.
	logged := func(text string) bool {
		logs, _ := filepath.Glob(filepath.Join(work, "slurm", "*", "logs", "*"))
		for _, name := range logs {
			if content, _ := os.ReadFile(name); strings.Contains(string(content), text) {
				return true
			}
		}
		return false
	}
	c.until("the time limit", 240*time.Second, func() bool { return logged(": requeued after ") })

	if err := second.Wait(); err != nil {
		t.Errorf("the coordinator ends with %v", err)
	}
	if said := secondOut.String(); !regexp.MustCompile(`back: jobs \d+ \d+, \d tasks? `).MatchString(said) || !strings.Contains(said, "The report: ") {
		t.Error("the coordinator has not come back to its jobs, or has written no report")
	}
	if !logged(`a "greeting"`) {
		t.Error("the lines of setup have not run")
	}
	if jobs := jobsOf(t, work); len(jobs) != 2 {
		t.Errorf("submitted were %q, expected two jobs", jobs)
	}
	sameFiles(t, filepath.Join(dir, "straight", "stages"), filepath.Join(work, "stages"))
	if t.Failed() {
		t.Logf("the coordinators said:\n%s\n%s", firstOut, secondOut)
	}
	t.Logf("took %v", time.Since(began))
}

// seconds is how long the policy took that was computed without Slurm.
func seconds(t *testing.T, dir string) float64 {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(dir, "straight", "stages", "mle", "*", "stage.json"))
	var record struct{ Seconds float64 }
	if len(found) != 1 {
		t.Fatalf("%d policies", len(found))
	}
	readInto(t, found[0], &record)
	return record.Seconds
}

func readInto(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// restarted reports whether a task has begun again.
func restarted(work string) bool {
	tasks, _ := filepath.Glob(filepath.Join(work, "slurm", "*", "tasks", "*.json"))
	for _, path := range tasks {
		if text, _ := os.ReadFile(path); strings.Contains(string(text), `"restarts"`) {
			return true
		}
	}
	return false
}

// jobsOf are the jobs that were submitted for the sweep in a work folder.
func jobsOf(t *testing.T, work string) []string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(work, "slurm", "*", "job.json"))
	if len(found) != 1 {
		return nil
	}
	var record struct{ Jobs []struct{ Job string } }
	readInto(t, found[0], &record)
	var jobs []string
	for _, of := range record.Jobs {
		jobs = append(jobs, of.Job)
	}
	return jobs
}

// sameFiles sees that all files in a folder but stage.json, which has times, are the
// same in another.
func sameFiles(t *testing.T, in, other string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(in, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "stage.json" {
			return err
		}
		n++
		one, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(in, path)
		two, err := os.ReadFile(filepath.Join(other, name))
		if !bytes.Equal(one, two) {
			t.Errorf("%s is not the same", name)
		}
		return err
	})
	if err != nil || n == 0 {
		t.Errorf("%d files, %v", n, err)
	}
}
