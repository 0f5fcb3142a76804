#!/usr/bin/env bash
# The commands of fairness.yml, for any other CI and for your own machine:
#
#   ./fairness.sh check      trains, evaluates with the gate, and writes comment.md. The exit code is that
#                            of the gate: 0 pass, 4 fail, 5 too few rows to decide
#   ./fairness.sh promote    trains, and makes the model the champion if it passes the gate and is not
#                            worse than the champion
#
# Python has to find fairrun: set PYTHONPATH to a checkout of it, and install its requirements.txt.
set -eo pipefail

DATA=${DATA:-census}
MITIGATOR=${MITIGATOR:-group_thresholds}
GATE=${GATE:-statistical_parity<=0.1 @ sex; accuracy>=0.8}
NAME=${NAME:-income}

train() {
  python -m fairrun train --data "$DATA" --mitigator "$MITIGATOR" | tee train.txt
  sed -n 's/.*-P model=\(runs:[^ ]*\).*/\1/p' train.txt | head -n 1 > model.txt
}

check() {
  code=0
  python -m fairrun evaluate --model "$(cat model.txt)" --gate "$GATE" | tee evaluate.txt || code=$?
  echo "$code" > code.txt
  case $code in 0 | 4 | 5) ;; *) exit "$code" ;; esac # no verdict: an error, which is printed
  run=$(sed -n 's/^run \([0-9a-f]*\) has .*/\1/p' evaluate.txt)
  python -m mlflow artifacts download -r "$run" -a gate.json -d .
  python -m fairrun gate gate.json --format markdown > comment.md || test $? -ge 4
  cat comment.md
  exit "$(cat code.txt)"
}

promote() {
  python -m fairrun promote --model "$(cat model.txt)" --name "$NAME" --gate "$GATE"
}

case $1 in
  check | promote)
    train
    "$1"
    ;;
  *)
    echo "give check or promote" >&2
    exit 2
    ;;
esac
