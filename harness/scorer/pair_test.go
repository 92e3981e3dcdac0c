package scorer

import "testing"

func TestTheLongerTextLosesItsEndFirst(t *testing.T) {
	for _, c := range []struct{ a, b, wantA, wantB int }{
		{10, 20, 10, 20}, {80, 20, 80, 20}, {90, 20, 80, 20}, {20, 900, 20, 80}, {70, 90, 50, 50}, {50, 51, 50, 50}, {0, 200, 0, 100},
	} {
		if a, b := shorten(c.a, c.b, 100); a != c.wantA || b != c.wantB {
			t.Errorf("shorten(%d, %d) = %d, %d; want %d, %d", c.a, c.b, a, b, c.wantA, c.wantB)
		}
	}
}
