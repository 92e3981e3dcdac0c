module lastmile/harness/torch/fit

go 1.26
