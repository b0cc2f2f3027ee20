-- name: enter_site
SELECT set_config('herun.site', %(site)s, true);
