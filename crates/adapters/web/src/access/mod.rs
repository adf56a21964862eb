//! Signing in, API keys and users.

mod api_key;
mod link;
mod own;
mod sign_in;
mod user;

use actix_web::{
    Resource,
    web::{get, post, resource},
};

pub(crate) fn routes() -> Vec<Resource> {
    vec![
        resource("/login")
            .route(get().to(sign_in::show))
            .route(post().to(sign_in::sign_in)),
        resource("/logout").route(post().to(sign_in::sign_out)),
        resource("/setup")
            .route(get().to(link::show_set_up))
            .route(post().to(link::set_up)),
        resource("/password")
            .route(get().to(link::show_password))
            .route(post().to(link::choose_password)),
        resource("/me").route(get().to(own::show)),
        resource("/me/password").route(post().to(own::change_password)),
        resource("/me/language").route(post().to(own::choose_language)),
        resource("/me/sessions").route(post().to(own::end_session)),
        resource("/settings/api-keys")
            .route(get().to(api_key::list))
            .route(post().to(api_key::create)),
        resource("/settings/api-keys/{id}")
            .route(get().to(api_key::confirm))
            .route(post().to(api_key::change)),
        resource("/settings/people")
            .route(get().to(user::list))
            .route(post().to(user::invite)),
        resource("/settings/people/{id}").route(post().to(user::change)),
    ]
}
