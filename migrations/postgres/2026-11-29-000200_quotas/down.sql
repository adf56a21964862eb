DROP FUNCTION lease_permits;
DROP TABLE quota_servers;
DROP TABLE quotas;
