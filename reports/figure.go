package reports

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// legendEntry is a line or a filled box with a name.
type legendEntry struct {
	name string
	line draw.LineStyle
	fill color.Color // instead of a line
}

// figure is panels in rows below a common legend, so that no legend covers
// data.
type figure struct {
	name        string         // of its files
	caption     string         // what it shows
	panels      [][]*plot.Plot // rows of equal length; nil for an empty place
	legend      []legendEntry
	panelWidth  float64 // points
	panelHeight float64
}

func (f figure) size() (width, height vg.Length) {
	columns, rows := len(f.panels[0]), len(f.panels)
	width = vg.Points(float64(columns)*f.panelWidth + float64(columns+1)*panelGap)
	return width, vg.Points(float64(rows)*f.panelHeight+float64(rows+1)*panelGap) + vg.Points(legendHeight*float64(f.legendLines(width)))
}

// draw draws the figure on a canvas of its size.
func (f figure) draw(canvas vg.CanvasSizer) {
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	width, _ := f.size()
	legend := vg.Points(legendHeight * float64(f.legendLines(width)))
	f.drawLegend(draw.Crop(c, vg.Points(panelGap), 0, 0, 0))
	tiles := draw.Tiles{
		Rows: len(f.panels), Cols: len(f.panels[0]),
		PadTop: legend + vg.Points(panelGap)/2, PadBottom: vg.Points(panelGap), PadLeft: vg.Points(panelGap), PadRight: vg.Points(panelGap),
		PadX: vg.Points(panelGap), PadY: vg.Points(panelGap),
	}
	for r, row := range plot.Align(f.panels, tiles, c) {
		for i, at := range row {
			if f.panels[r][i] != nil {
				f.panels[r][i].Draw(at)
			}
		}
	}
}

// width is the place that an entry takes.
func (e legendEntry) width() vg.Length {
	return textStyle(normalSize, false).Width(e.name) + vg.Points(46)
}

func (f figure) legendLines(width vg.Length) int {
	if len(f.legend) == 0 {
		return 0
	}
	lines, used := 1, vg.Points(panelGap)
	for _, e := range f.legend {
		if used+e.width() > width && used > vg.Points(panelGap) {
			lines, used = lines+1, vg.Points(panelGap)
		}
		used += e.width()
	}
	return lines
}

func (f figure) drawLegend(c draw.Canvas) {
	width, _ := f.size()
	style := textStyle(normalSize, false)
	style.YAlign = draw.YCenter
	x, y := c.Min.X, c.Max.Y-vg.Points(legendHeight)*0.62
	for _, e := range f.legend {
		if x+e.width() > width && x > c.Min.X {
			x, y = c.Min.X, y-vg.Points(legendHeight)
		}
		right := x + vg.Points(22)
		if e.fill != nil {
			box := vg.Rectangle{Min: vg.Point{X: x, Y: y - vg.Points(4)}, Max: vg.Point{X: right, Y: y + vg.Points(4)}}
			c.SetColor(e.fill)
			c.Fill(box.Path())
		} else {
			c.StrokeLine2(e.line, x, y, right, y)
		}
		c.FillText(style, vg.Point{X: right + vg.Points(6), Y: y}, e.name)
		x += e.width()
	}
}

// write writes the figure as SVG and as PNG.
func (f figure) write(dir string) error {
	name := f.name
	width, height := f.size()
	svg := vgsvg.New(width, height)
	f.draw(svg)
	var out bytes.Buffer
	if _, err := svg.WriteTo(&out); err != nil {
		return fmt.Errorf("drawing the plot %s: %w", name, err)
	}
	// The fonts are not embedded: any sans serif of the same widths will do.
	vector := bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))
	if err := os.WriteFile(filepath.Join(dir, name+".svg"), vector, 0o644); err != nil {
		return fmt.Errorf("writing the plot %s: %w", name, err)
	}
	bitmap := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(pngDPI))}
	f.draw(bitmap)
	out.Reset()
	if _, err := bitmap.WriteTo(&out); err != nil {
		return fmt.Errorf("drawing the plot %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the plot %s: %w", name, err)
	}
	return nil
}
