#!/bin/sh
# Makes the voice notes of this folder as Telegram has them: OGG with Opus, one channel.
# Needs espeak-ng and ffmpeg (Debian: apt-get install espeak-ng ffmpeg).
set -eu
cd "$(dirname "$0")"

say() { # voice, file, text
    espeak-ng -v "$1" -s 145 --stdout "$3" |
        ffmpeg -loglevel error -y -f wav -i - -ac 1 -ar 16000 -map_metadata -1 -fflags +bitexact \
            -c:a libopus -b:a 16k -application voip "$2"
}

say ru russian.ogg "Напомни мне завтра утром купить молоко и хлеб."
say en-gb english.ogg "Please remind me to water the plants tomorrow morning."
say ru one_word.ogg "Да."
