#!/bin/sh
# Make the secrets of docker-compose.yml that do not exist yet, in secrets/. Existing ones are never changed.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
printf '*\n' >secrets/.gitignore

random() { # a secret of $1 random bytes, letters and digits only: parts of it go into URLs
  od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

keep() { # store standard input under a name, unless it exists; whole, or not at all
  if [ -e "secrets/$1" ]; then
    cat >/dev/null
    return
  fi
  cat >"secrets/.$1.new"
  # Compose hands the files to users inside the containers as they are: others are kept out by the directory's mode.
  chmod 644 "secrets/.$1.new"
  mv "secrets/.$1.new" "secrets/$1"
}

random 32 | keep mongodb_root_password
random 32 | keep mongodb_password
random 48 | keep mongodb_keyfile
random 32 | keep redis_password
random 48 | keep secret_key
random 32 | keep webhook_secret
printf 'mongodb://butler:%s@mongodb:27017/butler?replicaSet=rs0&authSource=butler' "$(cat secrets/mongodb_password)" |
  keep mongodb_url
random 24 | keep grafana_admin_password
printf '' | keep alertmanager_telegram_token # used only once alertmanager.yml names it
printf 'redis://:%s@redis:6379/0' "$(cat secrets/redis_password)" | keep redis_url

if [ ! -s secrets/telegram_bot_token ]; then
  # As .env is read elsewhere: in quotes of either kind or none, with a comment behind it, the last one counts.
  written=$(sed -n 's/^TELEGRAM_BOT_TOKEN=//p' .env 2>/dev/null | sed 's/[[:space:]]#.*//' | tail -n 1)
  token=${TELEGRAM_BOT_TOKEN:-$(printf '%s' "$written" | tr -d "\"'[:space:]")}
  if [ -z "$token" ]; then
    echo "TELEGRAM_BOT_TOKEN is missing: put the token that @BotFather gave you into .env" >&2
    exit 1
  fi
  rm -f secrets/telegram_bot_token
  printf '%s' "$token" | keep telegram_bot_token
fi
