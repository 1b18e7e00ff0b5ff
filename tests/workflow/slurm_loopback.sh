#!/bin/sh
# Start a SLURM cluster of this one machine, for tests/workflow/test_slurm.py: as root, on Debian after
#   apt-get install slurm-wlm munge
# Writes /etc/slurm/slurm.conf, which is where jobs look for it, and refuses where there is one.
# Stop: scontrol shutdown; then remove /etc/slurm/slurm.conf.
set -eu
conf=/etc/slurm/slurm.conf
state=/var/tmp/her2g-slurm
[ ! -e "$conf" ] || { echo "$conf is there already: this machine has a cluster" >&2; exit 1; }
mkdir -p "$state/spool" "$state/state" /run/munge
chown munge: /run/munge
host=$(hostname)
cat > "$conf" <<CONF
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$state/state
SlurmdSpoolDir=$state/spool
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
MinJobAge=3600
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(free -m | awk '/^Mem:/ {print int($2 * 0.8)}')
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
pgrep -x munged > /dev/null || su -s /bin/sh munge -c /usr/sbin/munged
slurmctld
slurmd
sleep 2
sinfo
