package stages

import (
	"errors"
	"path/filepath"

	"lastmile/harness/kept"
	"lastmile/harness/stage"
)

// scoreModel is a model that computes metrics for a score stage, with the section of a
// sweep file that it is from.
type scoreModel struct {
	metricModel
	section string
}

// openModels opens those that the stage needs: the scorer that a stage trained, and models
// that are there already. Those that are open are returned with an error, too.
func openModels(job *stage.Job, settings Metrics, keep *keptScores) (models []scoreModel, err error) {
	open := func(section string, open func() (metricModel, error)) error {
		m, err := open()
		if err != nil {
			return err
		}
		models = append(models, scoreModel{m, section})
		file, err := keep.file(section)
		if err != nil {
			return err
		}
		m.Keep(file)
		return nil
	}
	if dir, ok := job.Inputs[Scorer]; ok {
		err := open("scorer", func() (metricModel, error) { return OpenScorer(dir, job.Threads) })
		if err != nil {
			return models, err
		}
	}
	for _, p := range pretrainedOf(settings.Names) {
		if err := open(p.section, func() (metricModel, error) { return p.open(job) }); err != nil {
			return models, err
		}
	}
	return models, nil
}

// keptScores are the files of a score stage in which what models and commands say is kept,
// so that a stage that is interrupted asks them nothing twice.
type keptScores struct {
	folder string
	files  []*kept.File
}

// file is that of a model or a command.
func (k *keptScores) file(name string) (*kept.File, error) {
	f, err := kept.Open(filepath.Join(k.folder, "scores-"+name+".jsonl"))
	if err == nil {
		k.files = append(k.files, f)
	}
	return f, err
}

func (k *keptScores) close() error {
	var all []error
	for _, f := range k.files {
		all = append(all, f.Close())
	}
	return errors.Join(all...)
}
