.bail on
-- Foreign keys are off outside the transaction: inside it the pragma does nothing.
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;

-- table.api_tokens
CREATE TABLE "api_tokens" (
    "id" INTEGER PRIMARY KEY,
    "token" VARCHAR(255) NOT NULL,
    "name" VARCHAR(100),
    "description" TEXT,
    "permissions" TEXT,
    "created_at" INTEGER NOT NULL,
    "last_used" INTEGER,
    "is_active" BOOLEAN NOT NULL DEFAULT TRUE
);
CREATE INDEX "idx_is_active" ON "api_tokens" ("is_active");
CREATE INDEX "idx_token" ON "api_tokens" ("token");
CREATE UNIQUE INDEX "ix_api_tokens_token" ON "api_tokens" ("token");
CREATE INDEX "idx_active_tokens" ON "api_tokens" ("is_active", "token");
CREATE INDEX "ix_api_tokens_is_active" ON "api_tokens" ("is_active");

-- table.channel_stats
CREATE TABLE "channel_stats" (
    "id" INTEGER PRIMARY KEY,
    "max_users" INTEGER NOT NULL DEFAULT 0,
    "max_users_timestamp" INTEGER,
    "max_connected" INTEGER,
    "max_connected_timestamp" INTEGER,
    "last_updated" INTEGER NOT NULL,
    CONSTRAINT "check_singleton" CHECK (id = 1),
    CONSTRAINT "check_positive_users" CHECK (max_users >= 0)
);

-- table.current_status
CREATE TABLE "current_status" (
    "id" INTEGER PRIMARY KEY,
    "last_updated" INTEGER NOT NULL,
    "status" VARCHAR(50) NOT NULL DEFAULT 'offline',
    "bot_name" VARCHAR(50),
    "bot_rank" INTEGER,
    "bot_afk" BOOLEAN,
    "channel_name" VARCHAR(100),
    "current_users" INTEGER NOT NULL DEFAULT 0,
    "connected_users" INTEGER NOT NULL DEFAULT 0,
    "current_chat_users" INTEGER,
    "current_connected_users" INTEGER,
    "playlist_items" INTEGER,
    "current_media_title" TEXT,
    "current_media_duration" INTEGER,
    "bot_start_time" INTEGER,
    "bot_connected" BOOLEAN,
    CONSTRAINT "check_singleton" CHECK (id = 1),
    CONSTRAINT "check_positive_current" CHECK (current_users >= 0),
    CONSTRAINT "check_positive_connected" CHECK (connected_users >= 0)
);

-- table.outbound_messages
CREATE TABLE "outbound_messages" (
    "id" INTEGER PRIMARY KEY,
    "timestamp" INTEGER NOT NULL,
    "sent_timestamp" INTEGER,
    "message" TEXT NOT NULL,
    "sent" BOOLEAN NOT NULL DEFAULT FALSE,
    "retry_count" INTEGER NOT NULL DEFAULT 0,
    "error_message" TEXT,
    CONSTRAINT "check_positive_retries" CHECK (retry_count >= 0)
);
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
CREATE TABLE "recent_chat" (
    "id" INTEGER PRIMARY KEY,
    "timestamp" INTEGER NOT NULL,
    "username" VARCHAR(50) NOT NULL,
    "message" TEXT NOT NULL
);
CREATE INDEX "ix_recent_chat_timestamp" ON "recent_chat" ("timestamp");
CREATE INDEX "idx_recent_chat_timestamp" ON "recent_chat" ("timestamp");

-- table.user_actions
CREATE TABLE "user_actions" (
    "id" INTEGER PRIMARY KEY,
    "timestamp" INTEGER NOT NULL,
    "username" VARCHAR(50) NOT NULL,
    "action_type" VARCHAR(50) NOT NULL,
    "details" TEXT
);
CREATE INDEX "idx_user_actions_username_timestamp" ON "user_actions" ("username", "timestamp");
CREATE INDEX "idx_user_actions_timestamp" ON "user_actions" ("timestamp");
CREATE INDEX "ix_user_actions_username" ON "user_actions" ("username");
CREATE INDEX "idx_user_actions_username" ON "user_actions" ("username");
CREATE INDEX "ix_user_actions_timestamp" ON "user_actions" ("timestamp");

-- table.user_count_history
CREATE TABLE "user_count_history" (
    "id" INTEGER PRIMARY KEY,
    "timestamp" INTEGER NOT NULL,
    "chat_users" INTEGER NOT NULL,
    "connected_users" INTEGER NOT NULL,
    CONSTRAINT "check_positive_chat_users" CHECK (chat_users >= 0),
    CONSTRAINT "check_positive_connected" CHECK (connected_users >= 0),
    CONSTRAINT "check_connected_ge_chat" CHECK (connected_users >= chat_users)
);
CREATE INDEX "idx_user_count_timestamp" ON "user_count_history" ("timestamp");
CREATE INDEX "ix_user_count_history_timestamp" ON "user_count_history" ("timestamp");

-- table.user_stats
CREATE TABLE "user_stats" (
    "username" VARCHAR(50) PRIMARY KEY NOT NULL,
    "first_seen" INTEGER NOT NULL,
    "last_seen" INTEGER NOT NULL,
    "total_chat_lines" INTEGER NOT NULL DEFAULT 0,
    "total_time_connected" INTEGER NOT NULL DEFAULT 0,
    "current_session_start" INTEGER,
    CONSTRAINT "check_positive_lines" CHECK (total_chat_lines >= 0),
    CONSTRAINT "check_positive_time" CHECK (total_time_connected >= 0)
);
CREATE INDEX "idx_last_seen" ON "user_stats" ("last_seen");
CREATE INDEX "ix_user_stats_last_seen" ON "user_stats" ("last_seen");

COMMIT;
