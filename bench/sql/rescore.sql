-- The demo's scoring model, written by hand: every lead in one pass, events added up once per lead, and
-- only what changed is written. In double precision, as the product reckons.
WITH counted AS (
  SELECT lead_id, kind,
         EXTRACT(EPOCH FROM %(at)s - at)::float8 / 86400 AS days,
         row_number() OVER (PARTITION BY lead_id, kind, (at AT TIME ZONE %(zone)s)::date ORDER BY at) AS nth
  FROM leads_behaviourevent
  WHERE at <= %(at)s
), behaviour AS (
  SELECT lead_id,
         LEAST(25, 25 * COALESCE(sum(power(0.5, days / 180)) FILTER (WHERE kind = 'quote_request' AND nth <= 2), 0))
       + LEAST(25, 25 * COALESCE(sum(power(0.5, days / 180)) FILTER (WHERE kind = 'demo_request' AND nth <= 2), 0))
       + LEAST(14, 7 * COALESCE(sum(power(0.5, days / 60)) FILTER (WHERE kind = 'pricing_view' AND nth <= 2), 0))
       + LEAST(14, 14 * COALESCE(sum(power(0.5, days / 180)) FILTER (WHERE kind = 'partner_intro' AND nth <= 2), 0))
       + LEAST(12, 12 * COALESCE(sum(power(0.5, days / 180)) FILTER (WHERE kind = 'contact_request' AND nth <= 2), 0))
       + LEAST(12, 12 * COALESCE(sum(power(0.5, days / 120)) FILTER (WHERE kind = 'fair_visit' AND nth <= 2), 0))
       + LEAST(7, 7 * COALESCE(sum(power(0.5, days / 120)) FILTER (WHERE kind = 'calculator' AND nth <= 2), 0))
       + LEAST(12, 6 * COALESCE(sum(power(0.5, days / 120)) FILTER (WHERE kind = 'download' AND nth <= 2), 0))
       + LEAST(16, 8 * COALESCE(sum(power(0.5, days / 120)) FILTER (WHERE kind = 'webinar' AND nth <= 2), 0))
       + LEAST(8, 4 * COALESCE(sum(power(0.5, days / 60)) FILTER (WHERE kind = 'case_study_view' AND nth <= 2), 0))
       + LEAST(8, 4 * COALESCE(sum(power(0.5, days / 60)) FILTER (WHERE kind = 'email_click' AND nth <= 2), 0))
       + LEAST(6, 1.5 * COALESCE(sum(power(0.5, days / 30)) FILTER (WHERE kind = 'email_open' AND nth <= 3), 0))
         AS points
  FROM counted
  GROUP BY lead_id
), fresh AS MATERIALIZED (
  SELECT id, floor(round(LEAST(100, GREATEST(0,
           LEAST(30, GREATEST(-30,
               CASE WHEN lower(seniority) IN ('owner', 'director') THEN 10 ELSE 0 END
             + CASE WHEN lower(seniority) = 'manager' THEN 6 ELSE 0 END
             + CASE WHEN lower(job_function) IN ('facilities', 'energy', 'operations', 'engineering') THEN 12 ELSE 0 END
             + CASE WHEN lower(job_function) = 'purchasing' THEN 4 ELSE 0 END
             + CASE WHEN email_domain = ANY (%(free)s) THEN -12 ELSE 0 END
             + CASE WHEN lower(job_title) LIKE '%%student%%' OR lower(job_title) LIKE '%%job seeker%%'
                    THEN -30 ELSE 0 END))
         + LEAST(40, GREATEST(-40,
               CASE WHEN company_size BETWEEN 11 AND 50 THEN 5
                    WHEN company_size BETWEEN 51 AND 250 THEN 12
                    WHEN company_size BETWEEN 251 AND 1000 THEN 17
                    WHEN company_size > 1000 THEN 10 ELSE 0 END
             + CASE WHEN lower(industry) IN (
                 'food production', 'cold storage & logistics', 'hotels', 'care homes', 'breweries', 'dairies',
                 'greenhouses', 'commercial laundry', 'swimming pools & spas', 'schools & universities',
                 'housing companies', 'manufacturing') THEN 8 ELSE 0 END
             + CASE WHEN country = '' THEN 0
                    WHEN lower(country) IN (
                 'germany', 'united kingdom', 'netherlands', 'sweden', 'denmark', 'norway', 'austria',
                 'switzerland', 'belgium', 'finland', 'ireland') THEN 3 ELSE -15 END
             + CASE WHEN email_domain IN ('arctura-heat.example', 'boreal-pumps.example', 'kelvinor.example')
                    THEN -60 ELSE 0 END))
         + LEAST(50, COALESCE(points, 0))
         ))::numeric, 11) + 0.5)::integer AS score
  FROM leads_lead LEFT JOIN behaviour ON lead_id = id
)
UPDATE leads_lead SET score = fresh.score, scored_at = %(at)s
FROM fresh
WHERE leads_lead.id = fresh.id AND leads_lead.score IS DISTINCT FROM fresh.score
