package metrics

// Faithfulness is how far the input entails a text, after SummaC-ZS (Laban et al. 2022).
// The package harness/faithfulness computes it with a classifier; higher is better.
const Faithfulness = "faithfulness"
