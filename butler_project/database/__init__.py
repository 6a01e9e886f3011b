"""The database backend: MongoDB's own for Django, less the log of queries, sorting by indexes (`compiler`)."""
