WITH o AS (
  SELECT o.*, l.customer_at, c.kind AS kind,
         CASE WHEN currency IN ('', %(currency)s) THEN 1 ELSE
           (SELECT rate FROM leads_exchangerate r WHERE r.currency = o.currency
              AND r.date <= (o.opened_at AT TIME ZONE %(zone)s)::date ORDER BY r.date DESC LIMIT 1) END AS opened_rate,
         CASE WHEN currency IN ('', %(currency)s) THEN 1 ELSE
           (SELECT rate FROM leads_exchangerate r WHERE r.currency = o.currency
              AND r.date <= (o.closed_at AT TIME ZONE %(zone)s)::date ORDER BY r.date DESC LIMIT 1) END AS closed_rate,
         row_number() OVER (PARTITION BY lead_id, o.status ORDER BY closed_at, o.key) AS place
  FROM leads_opportunity o
  JOIN leads_lead l ON l.id = o.lead_id
  LEFT JOIN leads_channel c ON c.id = l.channel_id
  WHERE l.status = 'open' AND l.created_at <= %(as_of)s
    AND (opened_at >= %(before)s OR closed_at >= %(before)s OR customer_at >= %(before)s)
)
SELECT p.name AS p,
       sum(amount * opened_rate) FILTER (WHERE opened_at >= p.start AND opened_at < p.stop) AS opened,
       sum(amount * opened_rate) FILTER (WHERE opened_at >= p.start AND opened_at < p.stop
         AND kind IS NOT NULL AND kind NOT IN ('outbound', 'partner')) AS sourced,
       sum(amount * closed_rate) FILTER (WHERE o.status = 'won' AND closed_at >= p.start AND closed_at < p.stop) AS revenue,
       sum(monthly_revenue * closed_rate) FILTER (WHERE o.status = 'won' AND place = 1 AND closed_at <= %(as_of)s
         AND customer_at >= p.start AND customer_at < p.stop) AS recurring,
       sum(amount * closed_rate) FILTER (WHERE o.status = 'won' AND place = 1 AND closed_at <= %(as_of)s
         AND customer_at >= p.start AND customer_at < p.stop AND monthly_revenue IS NULL) AS once
FROM o CROSS JOIN (VALUES ('now', %(start)s::timestamptz, %(stop)s::timestamptz),
                          ('before', %(before)s::timestamptz, %(start)s::timestamptz)) AS p(name, start, stop)
GROUP BY 1
