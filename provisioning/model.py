"""What this kind of device is called, on its label and its certificate.

HT-1: a Raspberry Pi with the parts of one of the profiles of this release, from this image. Which
board and which parts a single device has stands in its commissioning record.
"""

MODEL = "Haetae HT-1"
