DROP TABLE feed;
DROP TABLE sweeps;
DROP TABLE changes;
