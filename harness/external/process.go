package external

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Options are what a process is made with besides its settings.
type Options struct {
	// Name is what errors call the command: where it stands in a sweep file.
	Name string
	// Numbers are the names of the numbers that each answer must have.
	Numbers []string
	// Threads is the number of threads that it should compute with.
	Threads int
	// Say is told each line that the process writes to standard error, behind Name;
	// nil hears nothing.
	Say func(line string)
}

// Process is a process of the user's that answers to texts. It is begun when it is asked
// for the first time, and belongs to one goroutine.
type Process struct {
	Options
	settings Settings
	ctx      context.Context
	child    *child // nil where none runs
	begun    int    // how often
	// answered is told each answer that has its item's id; nil is told nothing.
	answered func(item Item, numbers []float64) error
}

// New makes a process that lives no longer than ctx, and begins nothing yet.
func New(ctx context.Context, s Settings, o Options) *Process {
	return &Process{Options: o, settings: s, ctx: ctx}
}

// Ask returns the numbers for each item, [item, number], in the order of the items and
// of the names. Equal items are asked once. progress is told how many of how many are
// answered; nil is told nothing.
func (p *Process) Ask(items []Item, progress func(done, total int)) ([][]float64, error) {
	var asked []Item
	places := make([]int, len(items))
	known := map[identity]int{}
	for i, item := range items {
		id := item.identity()
		place, twice := known[id]
		if !twice {
			place = len(asked)
			known[id] = place
			asked = append(asked, item)
		}
		places[i] = place
	}
	answers := make([][]float64, 0, len(asked))
	for len(answers) < len(asked) {
		err := p.answer(asked, &answers, progress)
		var lost *lostError
		switch {
		case err == nil:
		case !errors.As(err, &lost) || p.begun > p.settings.Restarts:
			return nil, err
		default:
			p.say(fmt.Sprintf("%s; it is begun again (%d of %d times)", lost.reason, p.begun, p.settings.Restarts))
		}
	}
	all := make([][]float64, len(items))
	for i, place := range places {
		all[i] = answers[place]
	}
	return all, nil
}

// lostError says that a process was lost before it had answered to an item.
type lostError struct {
	reason string
	error
}

// answer asks for the items without an answer, until all have one or the process is
// lost.
func (p *Process) answer(items []Item, answers *[][]float64, progress func(done, total int)) error {
	if err := p.ctx.Err(); err != nil {
		p.stop()
		return err
	}
	if p.child == nil {
		p.begun++
		var err error
		if p.child, err = begin(p.settings, p.Threads, p.say); err != nil {
			return fmt.Errorf("the command %s: beginning %s: %w", p.Name, p.line(), err)
		}
	}
	c := p.child
	next := len(*answers)                    // the first that is not written yet
	batches := make(chan []byte, len(items)) // so that nothing waits for a process that does not read
	defer close(batches)
	go func() {
		for batch := range batches {
			// One that does not read any more is noticed by its silence or its end.
			if _, err := c.in.Write(batch); err != nil {
				return
			}
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for len(*answers) < len(items) {
		for next < len(items) && next-p.settings.Batch <= len(*answers) {
			end := min(next+p.settings.Batch, len(items))
			var batch []byte
			for i := next; i < end; i++ {
				batch = append(batch, items[i].line(end-1-i)...)
			}
			batches <- batch
			next = end
		}
		limit, setting := p.settings.Timeout, "timeout"
		if !c.answered {
			limit, setting = p.settings.StartTimeout, "start_timeout"
		}
		timer.Reset(seconds(limit))
		item := items[len(*answers)]
		select {
		case <-p.ctx.Done():
			p.stop()
			return p.ctx.Err()
		case <-timer.C:
			p.stop()
			return p.lost(c, item, fmt.Sprintf("gave no answer for %g s (%s)", limit, setting))
		case line, ok := <-c.lines:
			if !ok {
				ended := p.ends(c)
				p.stop()
				if !ended {
					return p.lost(c, item, "closed its standard output")
				}
				return p.lost(c, item, c.ending())
			}
			numbers, named, err := p.numbers(line, item)
			if err == nil && named && p.answered != nil {
				err = p.answered(item, numbers)
			}
			if err != nil {
				p.stop()
				return err
			}
			c.answered = true
			*answers = append(*answers, numbers)
			if progress != nil {
				progress(len(*answers), len(items))
			}
		}
	}
	select {
	case line, ok := <-c.lines:
		if ok {
			p.stop()
			return p.tooMany(line)
		}
	default:
	}
	return nil
}

// ends waits for the end of a process that has closed its standard output.
func (p *Process) ends(c *child) bool {
	select {
	case <-c.done:
		return true
	case <-p.ctx.Done():
	case <-time.After(endWithin):
	}
	return false
}

// numbers reads an answer to an item, and whether it has the item's id.
func (p *Process) numbers(line reply, item Item) (numbers []float64, named bool, err error) {
	err = line.err
	if err == nil {
		if numbers, named, err = numbersIn(line.text, item.ID, p.Numbers); err == nil {
			return numbers, named, nil
		}
	}
	return nil, false, fmt.Errorf("the command %s: the answer to %q cannot be used: %w: %s", p.Name, item.ID, err, short(string(line.text), 200))
}

// tooMany says that a line came that nothing was asked for.
func (p *Process) tooMany(line reply) error {
	return fmt.Errorf("the command %s wrote a line to its standard output that nothing was asked for: %s", p.Name, short(string(line.text), 200))
}

// lost says why there is no answer to an item.
func (p *Process) lost(c *child, item Item, reason string) error {
	text := fmt.Sprintf("the command %s (%s) %s before it had answered to %q", p.Name, p.line(), reason, item.ID)
	if p.begun > 1 {
		text += fmt.Sprintf(", begun %d times", p.begun)
	}
	if quote := c.words.quote(); quote != "" {
		text += ": " + quote
	}
	return &lostError{reason, errors.New(text)}
}

// line is the command line, for errors.
func (p *Process) line() string { return short(strings.Join(p.settings.Run, " "), 200) }

// say says a line of the process, or about it.
func (p *Process) say(line string) {
	if p.Say != nil {
		p.Say(p.Name + ": " + line)
	}
}

// stop ends the process at once, if there is one.
func (p *Process) stop() {
	if p.child != nil {
		p.child.stop()
		p.child = nil
	}
}

// Close ends the process, by the end of its input. An answer too many is an error. It may
// be called twice.
func (p *Process) Close() error {
	if p.child == nil {
		return nil
	}
	c := p.child
	defer p.stop()
	c.in.Close()
	limit := time.After(endWithin)
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				p.ends(c)
				return nil
			}
			return p.tooMany(line)
		case <-p.ctx.Done():
			return p.ctx.Err()
		case <-limit:
			return nil
		}
	}
}
