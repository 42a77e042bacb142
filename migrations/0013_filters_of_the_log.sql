-- The request log's filters for failed and for slow requests let few of many through: without these a first page could take
-- a walk over all requests of a day. They cost nothing for the others. The log names the conditions as they are here.
CREATE INDEX recorded_requests_failed ON recorded_requests (arrived_at) WHERE status >= 400;
CREATE INDEX recorded_requests_slow ON recorded_requests (arrived_at) WHERE duration_us >= 100000;
