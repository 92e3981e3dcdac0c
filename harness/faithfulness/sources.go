package faithfulness

import "embed"

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS
