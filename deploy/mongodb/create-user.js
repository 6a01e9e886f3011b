// Run once, by the image's entry point, on an empty database: Butler's own user, who may use its database only.
const password = require('fs').readFileSync('/run/secrets/mongodb_password', 'utf8').trim();

db.getSiblingDB('butler').createUser({
  user: 'butler',
  pwd: password,
  roles: [{ role: 'dbOwner', db: 'butler' }],
});
