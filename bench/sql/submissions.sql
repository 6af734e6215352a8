SELECT s.at >= %(start)s AS now, count(*) AS submissions, count(*) FILTER (WHERE complete) AS complete
FROM leads_submission s JOIN leads_lead l ON l.id = s.lead_id
WHERE s.at >= %(before)s AND s.at < %(stop)s AND l.status = 'open' AND l.created_at <= %(as_of)s
GROUP BY 1
