package encoder

import "testing"

func TestTheLongerTextLosesItsEndFirst(t *testing.T) {
	for _, c := range []struct{ a, b, room, wantA, wantB, longerA, longerB int }{
		{10, 20, 100, 10, 20, 10, 20}, {80, 20, 100, 80, 20, 80, 20}, {90, 20, 100, 80, 20, 80, 20}, {20, 900, 100, 20, 80, 20, 80},
		{70, 90, 100, 50, 50, 50, 50}, {50, 51, 100, 50, 50, 50, 50}, {0, 200, 100, 0, 100, 0, 100},
		{70, 90, 101, 51, 50, 50, 51}, {90, 70, 101, 51, 50, 51, 50}, {70, 70, 101, 51, 50, 50, 51}, {50, 90, 101, 50, 51, 50, 51}, {90, 50, 101, 51, 50, 51, 50},
	} {
		if a, b := shorten(c.a, c.b, c.room, false); a != c.wantA || b != c.wantB {
			t.Errorf("shorten(%d, %d, %d) = %d, %d; want %d, %d", c.a, c.b, c.room, a, b, c.wantA, c.wantB)
		}
		if a, b := shorten(c.a, c.b, c.room, true); a != c.longerA || b != c.longerB {
			t.Errorf("shorten(%d, %d, %d, to the longer) = %d, %d; want %d, %d", c.a, c.b, c.room, a, b, c.longerA, c.longerB)
		}
	}
}
