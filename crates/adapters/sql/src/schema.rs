//! The tables, with column types that both stores support. The migrations define the schema. The conformance suite
//! writes and reads every column in each store.

diesel::table! {
    accounts (id) {
        id -> Binary,
        slug -> Text,
        name -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    api_keys (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        name -> Text,
        digest -> Binary,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        scopes -> Text,
        allowed_addresses -> Nullable<Text>,
        rate_limit -> Nullable<BigInt>,
        successor_id -> Nullable<Binary>,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    users (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        email -> Text,
        email_key -> Text,
        role -> Text,
        language -> Nullable<Text>,
        password -> Nullable<Text>,
        disabled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    sessions (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        user_id -> Binary,
        digest -> Binary,
        created_at -> BigInt,
        used_at -> BigInt,
    }
}

diesel::table! {
    links (account_id, digest) {
        account_id -> Binary,
        digest -> Binary,
        user_id -> Nullable<Binary>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    customers (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        name -> Text,
        email -> Text,
        email_key -> Text,
        phone -> Nullable<Text>,
        notes -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    resources (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        name -> Text,
        kind -> Text,
        active -> BigInt,
        hours -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    services (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        name -> Text,
        service_type -> Text,
        duration -> BigInt,
        buffer_before -> BigInt,
        buffer_after -> BigInt,
        slot_step -> Nullable<BigInt>,
        price_minor -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        notes -> Nullable<Text>,
        active -> BigInt,
        needs -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    schedules (account_id) {
        account_id -> Binary,
        time_zone -> Nullable<Text>,
        hours -> Nullable<Text>,
        min_notice -> Nullable<BigInt>,
        horizon -> Nullable<BigInt>,
        slot_step -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    appointments (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        kind -> Text,
        lead_id -> Nullable<Binary>,
        customer_id -> Nullable<Binary>,
        resource_id -> Nullable<Binary>,
        further_resources -> Nullable<Text>,
        service_id -> Nullable<Binary>,
        starts_at -> BigInt,
        ends_at -> BigInt,
        blocks_from -> BigInt,
        blocks_until -> BigInt,
        held_until -> Nullable<BigInt>,
        service_type -> Nullable<Text>,
        notes -> Nullable<Text>,
        status -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
        currency -> Nullable<Text>,
        amount_minor -> Nullable<BigInt>,
        deposit_minor -> Nullable<BigInt>,
        paid_minor -> Nullable<BigInt>,
        refunded_minor -> Nullable<BigInt>,
    }
}

diesel::table! {
    events (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        title -> Text,
        description -> Nullable<Text>,
        starts_at -> BigInt,
        location -> Nullable<Text>,
        capacity -> Nullable<BigInt>,
        participants -> BigInt,
        price_minor -> Nullable<BigInt>,
        status -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    registrations (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        event_id -> Binary,
        customer_id -> Binary,
        notes -> Nullable<Text>,
        created_at -> BigInt,
        status -> Text,
        held_until -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        amount_minor -> Nullable<BigInt>,
        deposit_minor -> Nullable<BigInt>,
        paid_minor -> Nullable<BigInt>,
        refunded_minor -> Nullable<BigInt>,
        version -> BigInt,
    }
}

diesel::table! {
    payments (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        kind -> Text,
        provider -> Text,
        external_id -> Text,
        refund_of -> Nullable<Text>,
        payment_id -> Nullable<Binary>,
        appointment_id -> Nullable<Binary>,
        registration_id -> Nullable<Binary>,
        amount_minor -> BigInt,
        currency -> Text,
        status -> Text,
        refunded_minor -> BigInt,
        attention -> Nullable<Text>,
        occurred_at -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
        reported_minor -> BigInt,
    }
}

diesel::table! {
    payment_sources (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        token -> Text,
        name -> Text,
        provider -> Text,
        kind -> Text,
        hmac -> Nullable<Text>,
        secret -> Binary,
        previous_secret -> Nullable<Binary>,
        previous_until -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    payment_notices (account_id, source_id, id) {
        account_id -> Binary,
        id -> Binary,
        source_id -> Binary,
        key -> Text,
        kind -> Nullable<Text>,
        outcome -> Text,
        payment_id -> Nullable<Binary>,
        reference -> Nullable<Text>,
        amount_minor -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        problem -> Nullable<Text>,
        received_at -> BigInt,
    }
}

diesel::table! {
    idempotency_records (account_id, key) {
        account_id -> Binary,
        key -> Binary,
        fingerprint -> Binary,
        answer_format -> BigInt,
        answer -> Binary,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    changes (account_id, epoch, number) {
        account_id -> Binary,
        epoch -> BigInt,
        number -> BigInt,
        id -> Binary,
        kind -> Text,
        made_at -> BigInt,
        subject_id -> Binary,
        version -> Nullable<BigInt>,
        customer_id -> Nullable<Binary>,
        actor_kind -> Text,
        actor_id -> Nullable<Binary>,
        request_id -> Nullable<Text>,
        object -> Nullable<Text>,
        previous -> Nullable<Text>,
    }
}

diesel::table! {
    sweeps (account_id) {
        account_id -> Binary,
        epoch -> BigInt,
        number -> BigInt,
    }
}

diesel::table! {
    feed (id) {
        id -> BigInt,
        key -> Nullable<Binary>,
        epoch -> BigInt,
    }
}

diesel::table! {
    webhook_endpoints (account_id, id) {
        account_id -> Binary,
        id -> Binary,
        place -> BigInt,
        url -> Text,
        types -> Text,
        description -> Nullable<Text>,
        active -> BigInt,
        ordered -> BigInt,
        scopes -> Text,
        secret -> Binary,
        previous_secret -> Nullable<Binary>,
        previous_until -> Nullable<BigInt>,
        disabled -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    webhook_lanes (account_id, endpoint_id) {
        account_id -> Binary,
        endpoint_id -> Binary,
        epoch -> BigInt,
        number -> BigInt,
        fence -> BigInt,
        leased_until -> BigInt,
        failing_since -> Nullable<BigInt>,
        blocked -> BigInt,
    }
}

diesel::table! {
    webhook_deliveries (account_id, endpoint_id, change_id) {
        account_id -> Binary,
        endpoint_id -> Binary,
        change_id -> Binary,
        epoch -> BigInt,
        number -> BigInt,
        kind -> Text,
        status -> Text,
        attempts -> BigInt,
        attempted_at -> BigInt,
        answered -> Nullable<BigInt>,
        failure -> Nullable<Text>,
        answer -> Nullable<Text>,
        took -> BigInt,
        next_at -> Nullable<BigInt>,
    }
}

macro_rules! allow_in_same_query {
    ($($table:ident: $Row:ident,)+) => {
        diesel::allow_tables_to_appear_in_same_query!($($table),+);
    };
}
crate::for_each_table!(allow_in_same_query);
