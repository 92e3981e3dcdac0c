#!/bin/sh
# Installs Slurm for its test where apt-get can, and never fails: where there is none
# the test is skipped, and says so.
PATH=$PATH:/usr/sbin:/usr/local/sbin
for program in munged slurmctld slurmd sbatch; do
	command -v "$program" >/dev/null 2>&1 || missing=$program
done
[ -n "${missing:-}" ] || exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
	as_root='sudo -n'
	sudo -n true 2>/dev/null || as_root=none
fi
if ! command -v apt-get >/dev/null 2>&1 || [ "$as_root" = none ]; then
	echo "Slurm's test will be skipped: there is no $missing, and it cannot be installed here."
	exit 0
fi
echo 'Installing slurm-wlm for its test …'
$as_root apt-get update -qq >/dev/null 2>&1
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends slurm-wlm >/dev/null 2>&1 ||
	echo "Slurm's test will be skipped: apt-get could not install slurm-wlm."
exit 0
