#!/bin/sh
# Made the samples of this folder, once; needs network, and DejaVu Sans (apt-get install fonts-dejavu-core).
# The programs that people write with are many: these files come from other libraries than those that read them.
set -eu
cd "$(dirname "$0")"
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
python3 -m venv "$environment"
"$environment/bin/pip" install -q fpdf2==2.8.9 python-docx==1.2.0 python-pptx==1.0.2 openpyxl==3.1.5 xlwt==1.3.0 \
    odfpy==1.4.1 msoffcrypto-tool==6.0.0
"$environment/bin/python" make_samples.py
