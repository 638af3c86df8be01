//! What `#[async_trait]` makes of an `async fn`, in short.

use std::pin::Pin;

#[derive(Clone)]
pub struct Store(u64);

impl Store {
    #[unblock]
    pub fn find<'life0, 'life1, 'async_trait>(
        &'life0 self,
        name: &'life1 str,
    ) -> Pin<Box<dyn Future<Output = u64> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let this = self;
            let name = name;
            u64::try_from(name.len()).map_or(0, |length| length + this.0)
        })
    }
}
