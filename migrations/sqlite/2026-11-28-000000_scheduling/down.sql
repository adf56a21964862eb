DROP TABLE schedules;
DROP TABLE services;
DROP TABLE resources;
