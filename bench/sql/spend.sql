WITH s AS (
  SELECT date, side, campaign_id,
         amount * CASE WHEN currency IN ('', %(currency)s) THEN 1 ELSE
           (SELECT rate FROM leads_exchangerate r WHERE r.currency = s.currency AND r.date <= s.date
              ORDER BY r.date DESC LIMIT 1) END AS converted
  FROM leads_spend s WHERE date >= %(before_day)s AND date < %(stop_day)s
)
SELECT date >= %(start_day)s AS now,
       sum(converted) AS everything,
       sum(converted) FILTER (WHERE side = 'marketing') AS marketing,
       sum(converted) FILTER (WHERE side = 'marketing' AND campaign_id IS NOT NULL) AS campaigns
FROM s GROUP BY 1
