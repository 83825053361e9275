-- One month of all counties is what the state looks at; the key begins with the county.
CREATE INDEX dashboard_month_month ON dashboard_month (month);
