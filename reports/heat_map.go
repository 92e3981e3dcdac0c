package reports

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// heatMap is a plot of cells, whose colours and numbers are shares: with 0.5, chance, in
// the middle of the scale.
type heatMap struct {
	rows, columns []string
	cells         [][]heatCell // [row][column]
	apart         int          // the last so many columns stand apart from the others
}

// heatCell is one of its cells. The zero value is a cell of which nothing is known.
type heatCell struct {
	known  bool
	value  float64 // from 0 to 1
	framed bool
}

// The size of a cell, in points.
const (
	cellWidth  = 32
	cellHeight = 19
)

// frameStyle is the line around a framed cell.
var frameStyle = draw.LineStyle{Color: color.Black, Width: vg.Points(1.6)}

// shade is the colour of a share: vermillion below 0.5, blue above, the stronger the
// farther from it.
func shade(value float64) color.NRGBA {
	full := palette[0]
	if value < 0.5 {
		full = palette[1]
	}
	strength := math.Abs(2*value - 1)
	mix := func(c uint8) uint8 { return uint8(math.Round(0xF4 + strength*(float64(c)-0xF4))) }
	return color.NRGBA{mix(full.R), mix(full.G), mix(full.B), 0xFF}
}

// x is the middle of a column.
func (h heatMap) x(column int) float64 {
	if column >= len(h.columns)-h.apart {
		return float64(column) + 0.4
	}
	return float64(column)
}

// y is the middle of a row.
func (h heatMap) y(row int) float64 { return float64(len(h.rows) - 1 - row) }

// panel is the plot of the cells, with its size in points.
func (h heatMap) panel() (p *plot.Plot, width, height float64) {
	p = newPanel("", "", "")
	var columns, rows plot.ConstantTicks
	var widest, highest vg.Length
	style := textStyle(smallSize, false)
	for i, name := range h.columns {
		columns = append(columns, plot.Tick{Value: h.x(i), Label: name})
		highest = max(highest, style.Width(name))
	}
	for i, name := range h.rows {
		rows = append(rows, plot.Tick{Value: h.y(i), Label: name})
		widest = max(widest, style.Width(name))
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = columns, rows
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Length, axis.LineStyle.Width = 0, 0
	}
	p.X.Tick.Label.Rotation = math.Pi / 4
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YTop
	p.X.Min, p.X.Max = -0.5, h.x(len(h.columns)-1)+0.5
	p.Y.Min, p.Y.Max = -0.5, float64(len(h.rows))-0.5
	p.Add(h)
	return p, (p.X.Max-p.X.Min)*cellWidth + widest.Points() + 10, (p.Y.Max-p.Y.Min)*cellHeight + highest.Points()*math.Sqrt2/2 + 10
}

// Plot implements [plot.Plotter].
func (h heatMap) Plot(c draw.Canvas, p *plot.Plot) {
	// The grid of other plots would show between the cells.
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	toX, toY := p.Transforms(&c)
	style := textStyle(smallSize-1, false)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	for i, row := range h.cells {
		for j, cell := range row {
			x, y := h.x(j), h.y(i)
			inset := vg.Points(1)
			box := vg.Rectangle{
				Min: vg.Point{X: toX(x-0.5) + inset, Y: toY(y-0.5) + inset},
				Max: vg.Point{X: toX(x+0.5) - inset, Y: toY(y+0.5) - inset},
			}
			text := "–"
			style.Color = color.Black
			if cell.known {
				text = fmt.Sprintf("%.2f", cell.value)
				c.SetColor(shade(cell.value))
				c.Fill(box.Path())
				if cell.value > 0.9 { // on the darkest blues
					style.Color = color.White
				}
			}
			if cell.framed {
				c.SetLineStyle(frameStyle)
				c.Stroke(box.Path())
			}
			c.FillText(style, vg.Point{X: toX(x), Y: toY(y)}, text)
		}
	}
}
