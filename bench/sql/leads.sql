-- Everything the KPIs count on leads, this period and the one before, in one scan of an index range.
WITH l AS (
  SELECT l.*,
         p.name AS p,
         p.start AS p_start, p.stop AS p_stop,
         created_at >= p.start AND created_at < p.stop AS fresh,
         EXTRACT(EPOCH FROM first_attempt_at - created_at)::float8 AS attempt_s,
         EXTRACT(EPOCH FROM first_response_at - created_at)::float8 AS response_s
  FROM leads_lead l
  JOIN (VALUES ('now', %(start)s::timestamptz, %(stop)s::timestamptz),
               ('before', %(before)s::timestamptz, %(start)s::timestamptz)) AS p(name, start, stop)
    ON (created_at >= p.start AND created_at < p.stop)
    OR (mql_at >= p.start AND mql_at < p.stop)
    OR (sal_at >= p.start AND sal_at < p.stop)
    OR (sql_at >= p.start AND sql_at < p.stop)
    OR (opportunity_at >= p.start AND opportunity_at < p.stop)
    OR (customer_at >= p.start AND customer_at < p.stop)
  WHERE status = 'open' AND created_at <= %(as_of)s
)
SELECT p,
       count(*) FILTER (WHERE fresh) AS leads,
       count(*) FILTER (WHERE fresh AND landing_page_id IS NOT NULL) AS with_page,
       count(*) FILTER (WHERE fresh AND campaign_id IS NOT NULL) AS with_campaign,
       count(*) FILTER (WHERE mql_at >= p_start AND mql_at < p_stop) AS mql,
       count(*) FILTER (WHERE sal_at >= p_start AND sal_at < p_stop) AS sal,
       count(*) FILTER (WHERE sql_at >= p_start AND sql_at < p_stop) AS sql,
       count(*) FILTER (WHERE opportunity_at >= p_start AND opportunity_at < p_stop) AS opportunity,
       count(*) FILTER (WHERE customer_at >= p_start AND customer_at < p_stop) AS customer,
       count(*) FILTER (WHERE fresh AND (treated_at IS NULL OR treated_at > %(as_of)s)) AS untreated,
       count(*) FILTER (WHERE fresh AND created_at < %(as_of)s - interval '24 hours') AS older,
       count(*) FILTER (WHERE fresh AND created_at < %(as_of)s - interval '24 hours'
                          AND (treated_at IS NULL OR treated_at > %(as_of)s)) AS older_untreated,
       count(*) FILTER (WHERE fresh AND sla_policy_id IS NOT NULL AND response_due_at <= %(as_of)s) AS due,
       count(*) FILTER (WHERE fresh AND sla_policy_id IS NOT NULL AND response_due_at <= %(as_of)s
                          AND answered_at <= response_due_at) AS in_time,
       count(attempt_s) FILTER (WHERE fresh AND first_attempt_at <= %(as_of)s) AS attempted,
       sum(attempt_s) FILTER (WHERE fresh AND first_attempt_at <= %(as_of)s) AS attempt_sum,
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY attempt_s)
         FILTER (WHERE fresh AND first_attempt_at <= %(as_of)s) AS attempt_percentiles,
       count(*) FILTER (WHERE fresh AND first_attempt_at <= %(as_of)s AND attempt_s <= 300) AS attempt_5,
       count(response_s) FILTER (WHERE fresh AND first_response_at <= %(as_of)s) AS responded,
       sum(response_s) FILTER (WHERE fresh AND first_response_at <= %(as_of)s) AS response_sum,
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY response_s)
         FILTER (WHERE fresh AND first_response_at <= %(as_of)s) AS response_percentiles,
       count(*) FILTER (WHERE fresh AND first_response_at <= %(as_of)s AND response_s <= 300) AS response_5,
       sum(score) FILTER (WHERE fresh) AS points,
       count(*) FILTER (WHERE fresh AND score >= %(mql)s) AS mql_band,
       count(*) FILTER (WHERE fresh AND NOT (
           lower(country) IN ('austria', 'belgium', 'denmark', 'finland', 'germany', 'ireland', 'netherlands',
                              'norway', 'sweden', 'switzerland', 'united kingdom')
           AND (company_size IS NULL OR company_size > 19)
           AND lower(industry) NOT IN ('construction', 'consulting', 'healthcare', 'retail', 'software')
           AND email_domain NOT IN ('arctura-heat.example', 'boreal-pumps.example', 'kelvinor.example'))) AS outside_icp
FROM l GROUP BY p
