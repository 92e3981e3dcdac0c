package stage

// MoveTo makes this process one of another machine, for the locks that it takes and
// sees from here on.
func MoveTo(machine string) { bootID = func() string { return machine } }

// TryLock is tryLockFor, for tests: release is nil where another one has the lock.
var TryLock = func(path string) (release func(), err error) {
	l, _, err := tryLock(path)
	if l == nil {
		return nil, err
	}
	return l.release, nil
}
