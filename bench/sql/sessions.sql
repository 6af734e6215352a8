SELECT started_at >= %(start)s AS now,
       count(DISTINCT visitor) AS visitors,
       count(DISTINCT visitor) FILTER (WHERE s.landing_page_id IS NOT NULL) AS page_visitors,
       count(*) FILTER (WHERE s.high_intent OR p.high_intent OR c.high_intent) AS high_intent
FROM leads_session s
LEFT JOIN leads_landingpage p ON p.id = s.landing_page_id
LEFT JOIN leads_channel c ON c.id = s.channel_id
WHERE started_at >= %(before)s AND started_at < %(stop)s
GROUP BY 1
