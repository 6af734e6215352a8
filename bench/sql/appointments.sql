SELECT a.scheduled_for >= %(start)s AS now,
       count(*) AS planned,
       count(*) FILTER (WHERE a.status = 'no_show') AS no_shows,
       count(*) FILTER (WHERE a.status = 'scheduled') AS without_outcome
FROM leads_appointment a JOIN leads_lead l ON l.id = a.lead_id
WHERE a.scheduled_for >= %(before)s AND a.scheduled_for < %(stop)s AND a.booked_at <= %(as_of)s
  AND a.status IN ('held', 'no_show', 'scheduled') AND l.status = 'open' AND l.created_at <= %(as_of)s
GROUP BY 1
