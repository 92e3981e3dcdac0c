package reports

import (
	"fmt"
	"image/color"
	"math"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The look of the plots: the palette of Okabe and Ito (2008), which people
// with any kind of colour vision tell apart; light grids; no boxes.
var (
	palette = []color.NRGBA{
		{0x00, 0x72, 0xB2, 0xFF}, // blue
		{0xD5, 0x5E, 0x00, 0xFF}, // vermillion
		{0x00, 0x9E, 0x73, 0xFF}, // green
		{0xCC, 0x79, 0xA7, 0xFF}, // purple
		{0xE6, 0x9F, 0x00, 0xFF}, // orange
		{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
		{0x33, 0x33, 0x33, 0xFF}, // near black
	}
	ink      = color.NRGBA{0x33, 0x33, 0x33, 0xFF}
	gridGrey = color.NRGBA{0xE4, 0xE4, 0xE4, 0xFF}
	fillGrey = color.NRGBA{0xD0, 0xD0, 0xD0, 0xFF}
)

const (
	pngDPI       = 160
	smallSize    = 9 // points
	normalSize   = 10
	legendHeight = 22
	panelGap     = 14
)

// dashes are those of the labels after each round through the palette.
var dashes = [][]vg.Length{nil, {6, 3}, {2, 2}}

// lineStyle is the look of the i-th label.
func lineStyle(i int) draw.LineStyle {
	return draw.LineStyle{
		Color:  palette[i%len(palette)],
		Width:  vg.Points(1.8),
		Dashes: dashes[i/len(palette)%len(dashes)],
	}
}

// faint is the same colour for what stands behind.
func faint(style draw.LineStyle) draw.LineStyle {
	c := style.Color.(color.NRGBA)
	c.A = 0x60
	style.Color, style.Width = c, vg.Points(0.7)
	return style
}

// style is the index that a label has in every plot.
func (b *builder) style(label string) int {
	for i, l := range b.labels {
		if l.name == label {
			return i
		}
	}
	return 0
}

// newPanel makes an empty plot in the report's style.
func newPanel(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle = textStyle(normalSize, true)
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = draw.XCenter, draw.YTop
	p.Title.Padding = vg.Points(5)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle = textStyle(smallSize, false)
		axis.Label.TextStyle.XAlign, axis.Label.TextStyle.YAlign = draw.XCenter, draw.YBottom
		axis.Tick.Label.Font.Size = vg.Points(smallSize)
		axis.Tick.Label.Font.Variant = "Sans"
		axis.Tick.Label.Color = ink
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = ink, ink
		axis.LineStyle.Width, axis.Tick.LineStyle.Width = vg.Points(0.6), vg.Points(0.6)
		axis.Tick.Length = vg.Points(3)
		axis.Padding = vg.Points(2)
		axis.Tick.Marker = roundTicks{}
	}
	lines := plotter.NewGrid()
	lines.Horizontal.Color, lines.Vertical.Color = gridGrey, gridGrey
	lines.Horizontal.Width, lines.Vertical.Width = vg.Points(0.5), vg.Points(0.5)
	lines.Vertical.Color = nil
	p.Add(lines)
	return p
}

func textStyle(size float64, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(size)}
	if bold {
		f.Weight = stdfont.WeightBold
	}
	return text.Style{Color: ink, Font: f, Handler: plot.DefaultTextHandler}
}

// roundTicks are about five ticks at round numbers.
type roundTicks struct{}

// Ticks implements plot.Ticker.
func (roundTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return []plot.Tick{{Value: low, Label: fmt.Sprintf("%.4g", low)}}
	}
	wanted := (high - low) / 5
	step := math.Pow(10, math.Floor(math.Log10(wanted)))
	for _, factor := range []float64{2, 2.5, 2} { // to 2, 5 and 10
		if step >= wanted {
			break
		}
		step *= factor
	}
	decimals := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step; i++ {
		label := fmt.Sprintf("%.*f", decimals, math.Abs(i*step))
		if i < 0 {
			label = "−" + label
		}
		ticks = append(ticks, plot.Tick{Value: i * step, Label: label})
	}
	return ticks
}

// widen gives an axis a margin, so that nothing is cut off at its ends.
func widen(axis *plot.Axis) {
	margin := 0.04 * (axis.Max - axis.Min)
	axis.Min, axis.Max = axis.Min-margin, axis.Max+margin
}
