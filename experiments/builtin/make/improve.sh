#!/bin/sh
# Makes the model that ships: trains the one that base.toml makes on with more English, with
# a teacher's outputs, and with its share of the truths once more. From the repository's
# root, after make build; some five hours on two cores, and the same command goes on where
# it stopped:
#
#     experiments/builtin/make/improve.sh SMOLLM2
#
# SMOLLM2 is SmolLM2-135M-Instruct in Hugging Face layout. All goes to work/builtin; the
# model is work/builtin/task.
set -eu
folder=work/builtin

# train FILE trains by a sweep file of this folder, and has the policy as work/builtin/FILE.
train() {
	file=$1
	shift
	bin/lastmile run "experiments/builtin/make/$file.toml" --work $folder/work "$@"
	rm -rf "${folder:?}/$file"
	bin/lastmile export "$file, seed 1" "$folder/$file" --work $folder/work
}

mkdir -p $folder/asked
if [ ! -s $folder/held.jsonl ]; then
	bin/lastmile run experiments/truth.toml --where label=rule --where seed=1 --work $folder/base
	python3 experiments/builtin/make/texts.py $folder/base/stages/prepare/* $folder
fi
bin/lastmile run experiments/base.toml --work $folder/base
train teacher --set model.path="$1"
[ -e $folder/asked/aa ] || split -l 3000 $folder/inputs.txt $folder/asked/
find $folder/asked -name '??' | sort | xargs -P 2 -I {} sh -c '
	[ -s "$1.out" ] || { bin/lastmile generate "teacher, seed 1" --decode greedy --threads 1 --work "$2/work" < "$1" > "$1.new" && mv "$1.new" "$1.out"; }
' ask {} $folder
cat $folder/asked/??.out > $folder/outputs.txt
python3 experiments/builtin/make/mix.py $folder
train texts --set model.path="$(echo "$PWD/$folder"/base/stages/base/*)"
train mixed
train task
