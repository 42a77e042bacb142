-- What joins the two sides of a request: moments in epoch microseconds, and the server's id of the request.
UPDATE requests SET at = at * 1000;
ALTER TABLE requests ADD COLUMN request_id BLOB;
CREATE INDEX requests_request_id ON requests (request_id) WHERE request_id IS NOT NULL;
ALTER TABLE ledger ADD COLUMN sent_at INTEGER;
ALTER TABLE ledger ADD COLUMN request_id BLOB;
