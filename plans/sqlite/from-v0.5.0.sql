.bail on
-- Foreign keys are off outside the transaction: inside it the pragma does nothing.
.dbconfig defensive off
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;

-- table.api_tokens
-- ! destroys-column BLOCKED: column revoked is dropped, with 0 values
CREATE TABLE "_rosey_new_api_tokens" (
    "token" VARCHAR(255) NOT NULL,
    "description" TEXT,
    "created_at" INTEGER NOT NULL,
    "last_used" INTEGER,
    "id" INTEGER PRIMARY KEY,
    "name" VARCHAR(100),
    "permissions" TEXT,
    "is_active" BOOLEAN NOT NULL DEFAULT TRUE
);
INSERT OR ABORT INTO "_rosey_new_api_tokens" ("token", "description", "created_at", "last_used", "id", "is_active") SELECT coalesce("token", ('none-' || lower(hex(randomblob(16))))), "description", "created_at", "last_used", rowid, (token IS NOT NULL AND COALESCE(revoked, 0) = 0) FROM "api_tokens";
DROP TABLE "api_tokens";
ALTER TABLE "_rosey_new_api_tokens" RENAME TO "api_tokens";
CREATE INDEX "idx_is_active" ON "api_tokens" ("is_active");
CREATE INDEX "idx_token" ON "api_tokens" ("token");
CREATE UNIQUE INDEX "ix_api_tokens_token" ON "api_tokens" ("token");
CREATE INDEX "idx_active_tokens" ON "api_tokens" ("is_active", "token");
CREATE INDEX "ix_api_tokens_is_active" ON "api_tokens" ("is_active");

-- table.channel_stats
DROP TABLE IF EXISTS temp."_rosey_fill";
CREATE TEMP TABLE "_rosey_fill" (r INTEGER PRIMARY KEY, v1, v2);
INSERT INTO temp."_rosey_fill" (r, v1, v2) SELECT rowid, coalesce("max_users", (0)), coalesce("last_updated", (COALESCE(max_users_timestamp, max_connected_timestamp, 0))) FROM "channel_stats" WHERE "max_users" IS NULL OR "last_updated" IS NULL;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = 'CREATE TABLE channel_stats (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    max_users INTEGER DEFAULT 0,
    max_users_timestamp INTEGER,
    max_connected INTEGER DEFAULT x''726f736579207761732068657265'',
    max_connected_timestamp INTEGER,
    last_updated INTEGER
)' WHERE type = 'table' AND name = 'channel_stats' COLLATE NOCASE;
CREATE VIEW "_rosey_edit" AS SELECT 1;
DROP VIEW "_rosey_edit";
PRAGMA writable_schema = RESET;
DROP TABLE IF EXISTS temp."_rosey_short";
CREATE TEMP TABLE "_rosey_short" AS SELECT rowid AS r FROM "channel_stats" NOT INDEXED WHERE "max_connected" IS x'726f736579207761732068657265';
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = 'CREATE TABLE channel_stats (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    max_users INTEGER DEFAULT 0,
    max_users_timestamp INTEGER,
    max_connected INTEGER DEFAULT 0,
    max_connected_timestamp INTEGER,
    last_updated INTEGER
)' WHERE type = 'table' AND name = 'channel_stats' COLLATE NOCASE;
CREATE VIEW "_rosey_edit" AS SELECT 1;
DROP VIEW "_rosey_edit";
PRAGMA writable_schema = RESET;
PRAGMA ignore_check_constraints = ON;
UPDATE OR ABORT "channel_stats" SET "max_connected" = "max_connected" WHERE rowid IN (SELECT r FROM temp."_rosey_short");
PRAGMA ignore_check_constraints = OFF;
DROP TABLE temp."_rosey_short";
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = 'CREATE TABLE channel_stats (
    id INTEGER PRIMARY KEY CONSTRAINT "check_singleton" CHECK (id = 1),
    max_users INTEGER NOT NULL DEFAULT 0,
    max_users_timestamp INTEGER,
    max_connected INTEGER,
    max_connected_timestamp INTEGER,
    last_updated INTEGER NOT NULL, CONSTRAINT "check_positive_users" CHECK (max_users >= 0)
)' WHERE type = 'table' AND name = 'channel_stats' COLLATE NOCASE;
CREATE VIEW "_rosey_edit" AS SELECT 1;
DROP VIEW "_rosey_edit";
PRAGMA writable_schema = RESET;
UPDATE OR ABORT "channel_stats" SET "max_users" = (SELECT v1 FROM temp."_rosey_fill" WHERE r = "channel_stats".rowid), "last_updated" = (SELECT v2 FROM temp."_rosey_fill" WHERE r = "channel_stats".rowid) WHERE rowid IN (SELECT r FROM temp."_rosey_fill");
DROP TABLE temp."_rosey_fill";

-- table.current_status
CREATE TABLE "_rosey_new_current_status" (
    "id" INTEGER PRIMARY KEY,
    "bot_name" VARCHAR(50),
    "bot_rank" INTEGER,
    "bot_afk" BOOLEAN,
    "channel_name" VARCHAR(100),
    "current_chat_users" INTEGER,
    "current_connected_users" INTEGER,
    "playlist_items" INTEGER,
    "current_media_title" TEXT,
    "current_media_duration" INTEGER,
    "bot_start_time" INTEGER,
    "bot_connected" BOOLEAN,
    "last_updated" INTEGER NOT NULL,
    "status" VARCHAR(50) NOT NULL DEFAULT 'offline',
    "current_users" INTEGER NOT NULL DEFAULT 0,
    "connected_users" INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT "check_singleton" CHECK (id = 1),
    CONSTRAINT "check_positive_current" CHECK (current_users >= 0),
    CONSTRAINT "check_positive_connected" CHECK (connected_users >= 0)
);
INSERT OR ABORT INTO "_rosey_new_current_status" ("id", "bot_name", "bot_rank", "bot_afk", "channel_name", "current_chat_users", "current_connected_users", "playlist_items", "current_media_title", "current_media_duration", "bot_start_time", "bot_connected", "last_updated", "status", "current_users", "connected_users") SELECT "id", "bot_name", "bot_rank", (bot_afk <> 0), "channel_name", "current_chat_users", "current_connected_users", "playlist_items", "current_media_title", "current_media_duration", "bot_start_time", (bot_connected <> 0), coalesce("last_updated", (COALESCE(bot_start_time, 0))), (CASE WHEN bot_connected <> 0 THEN 'online' ELSE 'offline' END), (COALESCE(current_chat_users, 0)), (COALESCE(current_connected_users, 0)) FROM "current_status";
DROP TABLE "current_status";
ALTER TABLE "_rosey_new_current_status" RENAME TO "current_status";

-- table.outbound_messages
-- ! loses-autoincrement: outbound_messages loses AUTOINCREMENT: ids after the last row may be used again
CREATE TABLE "_rosey_new_outbound_messages" (
    "id" INTEGER PRIMARY KEY,
    "timestamp" INTEGER NOT NULL,
    "message" TEXT NOT NULL,
    "sent" BOOLEAN NOT NULL DEFAULT FALSE,
    "sent_timestamp" INTEGER,
    "retry_count" INTEGER NOT NULL DEFAULT 0,
    "error_message" TEXT,
    CONSTRAINT "check_positive_retries" CHECK (retry_count >= 0)
);
INSERT OR ABORT INTO "_rosey_new_outbound_messages" ("id", "timestamp", "message", "sent", "sent_timestamp", "retry_count", "error_message") SELECT "id", "timestamp", "message", coalesce((sent <> 0), (FALSE)), "sent_timestamp", coalesce("retry_count", (0)), "last_error" FROM "outbound_messages";
ALTER TABLE "outbound_messages" RENAME COLUMN "last_error" TO "error_message";
DROP TABLE "outbound_messages";
ALTER TABLE "_rosey_new_outbound_messages" RENAME TO "outbound_messages";
CREATE INDEX "idx_outbound_sent" ON "outbound_messages" ("sent");
CREATE INDEX "idx_outbound_sent_timestamp" ON "outbound_messages" ("sent", "timestamp");
CREATE INDEX "idx_outbound_timestamp" ON "outbound_messages" ("timestamp");
CREATE INDEX "ix_outbound_messages_sent" ON "outbound_messages" ("sent");
CREATE INDEX "ix_outbound_messages_timestamp" ON "outbound_messages" ("timestamp");

-- table.plugin_kv_storage
CREATE TABLE "plugin_kv_storage" (
    "plugin_name" VARCHAR(100) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "value_json" TEXT NOT NULL,
    "expires_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    PRIMARY KEY ("plugin_name", "key")
);
CREATE INDEX "idx_plugin_kv_prefix" ON "plugin_kv_storage" ("plugin_name", "key");
CREATE INDEX "idx_plugin_kv_expires" ON "plugin_kv_storage" ("expires_at");

-- table.plugin_table_schemas
CREATE TABLE "plugin_table_schemas" (
    "id" INTEGER PRIMARY KEY,
    "plugin_name" VARCHAR(100) NOT NULL,
    "table_name" VARCHAR(100) NOT NULL,
    "schema_json" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL
);
CREATE INDEX "idx_plugin_name" ON "plugin_table_schemas" ("plugin_name");
CREATE UNIQUE INDEX "idx_plugin_table_unique" ON "plugin_table_schemas" ("plugin_name", "table_name");
CREATE INDEX "ix_plugin_table_schemas_plugin_name" ON "plugin_table_schemas" ("plugin_name");

-- table.recent_chat
-- ! loses-autoincrement: recent_chat loses AUTOINCREMENT: ids after the last row may be used again
CREATE TABLE "_rosey_new_recent_chat" (
    "id" INTEGER PRIMARY KEY,
    "timestamp" INTEGER NOT NULL,
    "username" VARCHAR(50) NOT NULL,
    "message" TEXT NOT NULL
);
INSERT OR ABORT INTO "_rosey_new_recent_chat" ("id", "timestamp", "username", "message") SELECT "id", "timestamp", "username", "message" FROM "recent_chat";
DROP TABLE "recent_chat";
ALTER TABLE "_rosey_new_recent_chat" RENAME TO "recent_chat";
CREATE INDEX "ix_recent_chat_timestamp" ON "recent_chat" ("timestamp");
CREATE INDEX "idx_recent_chat_timestamp" ON "recent_chat" ("timestamp");

-- table.user_actions
-- ! loses-autoincrement: user_actions loses AUTOINCREMENT: ids after the last row may be used again
CREATE TABLE "_rosey_new_user_actions" (
    "id" INTEGER PRIMARY KEY,
    "timestamp" INTEGER NOT NULL,
    "username" VARCHAR(50) NOT NULL,
    "action_type" VARCHAR(50) NOT NULL,
    "details" TEXT
);
INSERT OR ABORT INTO "_rosey_new_user_actions" ("id", "timestamp", "username", "action_type", "details") SELECT "id", "timestamp", "username", "action_type", "details" FROM "user_actions";
DROP TABLE "user_actions";
ALTER TABLE "_rosey_new_user_actions" RENAME TO "user_actions";
CREATE INDEX "idx_user_actions_username_timestamp" ON "user_actions" ("username", "timestamp");
CREATE INDEX "idx_user_actions_timestamp" ON "user_actions" ("timestamp");
CREATE INDEX "ix_user_actions_username" ON "user_actions" ("username");
CREATE INDEX "idx_user_actions_username" ON "user_actions" ("username");
CREATE INDEX "ix_user_actions_timestamp" ON "user_actions" ("timestamp");

-- table.user_count_history
-- ! loses-autoincrement: user_count_history loses AUTOINCREMENT: ids after the last row may be used again
CREATE TABLE "_rosey_new_user_count_history" (
    "id" INTEGER PRIMARY KEY,
    "timestamp" INTEGER NOT NULL,
    "chat_users" INTEGER NOT NULL,
    "connected_users" INTEGER NOT NULL,
    CONSTRAINT "check_positive_chat_users" CHECK (chat_users >= 0),
    CONSTRAINT "check_positive_connected" CHECK (connected_users >= 0),
    CONSTRAINT "check_connected_ge_chat" CHECK (connected_users >= chat_users)
);
INSERT OR ABORT INTO "_rosey_new_user_count_history" ("id", "timestamp", "chat_users", "connected_users") SELECT "id", "timestamp", "chat_users", "connected_users" FROM "user_count_history";
DROP TABLE "user_count_history";
ALTER TABLE "_rosey_new_user_count_history" RENAME TO "user_count_history";
CREATE INDEX "idx_user_count_timestamp" ON "user_count_history" ("timestamp");
CREATE INDEX "ix_user_count_history_timestamp" ON "user_count_history" ("timestamp");

-- table.user_stats
CREATE TABLE "_rosey_new_user_stats" (
    "username" VARCHAR(50) PRIMARY KEY NOT NULL,
    "first_seen" INTEGER NOT NULL,
    "last_seen" INTEGER NOT NULL,
    "total_chat_lines" INTEGER NOT NULL DEFAULT 0,
    "total_time_connected" INTEGER NOT NULL DEFAULT 0,
    "current_session_start" INTEGER,
    CONSTRAINT "check_positive_lines" CHECK (total_chat_lines >= 0),
    CONSTRAINT "check_positive_time" CHECK (total_time_connected >= 0)
);
INSERT OR ABORT INTO "_rosey_new_user_stats" (rowid, "username", "first_seen", "last_seen", "total_chat_lines", "total_time_connected", "current_session_start") SELECT rowid, coalesce("username", ('(unknown ' || rowid || ')')), "first_seen", "last_seen", coalesce("total_chat_lines", (0)), coalesce("total_time_connected", (0)), "current_session_start" FROM "user_stats";
DROP TABLE "user_stats";
ALTER TABLE "_rosey_new_user_stats" RENAME TO "user_stats";
CREATE INDEX "idx_last_seen" ON "user_stats" ("last_seen");
CREATE INDEX "ix_user_stats_last_seen" ON "user_stats" ("last_seen");

COMMIT;
