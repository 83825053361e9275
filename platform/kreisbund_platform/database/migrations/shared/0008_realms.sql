-- What a county's manifest says about logging in ([identity] of county.toml), from which its realm follows.
ALTER TABLE tenant ADD COLUMN identity jsonb NOT NULL DEFAULT '{}';
-- The issuer's id of the login: a back-channel logout names it. Sessions from before have none.
ALTER TABLE web_session ADD COLUMN sid text;
CREATE INDEX web_session_issuer ON web_session (issuer, subject);
