package blas

import "testing"

func TestBetterKernelsWhereOpenBLASDoesNotKnowTheProcessor(t *testing.T) {
	tests := []struct {
		core         string
		avx2, avx512 bool
		want         string
	}{
		{"Prescott", true, true, "SkylakeX"},
		{"Prescott", true, false, "Haswell"},
		{"Prescott", false, false, ""}, // nothing better can run
		{"SapphireRapids", true, true, ""},
		{"Zen", true, true, ""},
		{"Nehalem", true, true, ""}, // known, or chosen
		{"", true, true, ""},        // no OpenBLAS
	}
	for _, test := range tests {
		if got := better(test.core, test.avx2, test.avx512); got != test.want {
			t.Errorf("%q, AVX2 %t, AVX-512 %t: %q, want %q", test.core, test.avx2, test.avx512, got, test.want)
		}
	}
}
