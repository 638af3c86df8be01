/// A picture, made smaller.
#[must_use]
pub async fn thumbnail(image: &[u8], width: u32) -> Vec<u8> {
    let image = ::unblock_runtime::__private::own(image);
    let width = ::unblock_runtime::__private::moved(width);
    let __job = move || -> Vec<u8> {
        let image = image.get();
        let width = width;
        {
            let picture = decode(image);
            picture.resize(width)
        }
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER).run(__job).await
    };
    {
        use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
        (&__outcome).conversion().finish(__outcome)
    }
}
async fn nothing() {
    let __job = move || -> () {
        std::fs::remove_file("/tmp/it").ok();
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER).run(__job).await
    };
    {
        use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
        (&__outcome).conversion().finish(__outcome)
    }
}
