//! Adds functions with what SAM makes of their events, and layers.
//!
//! Must not know: other types of resources.

use super::Assembly;
use crate::error::TemplateError;
use crate::fields::{Fields, Place};
use crate::identity::{Identity, Owner};
use crate::node::{Entry, Node};
use crate::{event, function, layer};

impl Assembly<'_> {
    pub(super) fn add_function(
        &mut self,
        id: &str,
        identity: Identity,
        mut fields: Fields,
        entry: &Entry,
    ) -> Result<(), TemplateError> {
        let alias = self.scope.alias_of(&fields.place, fields.at, id)?;
        let owner = Owner {
            id,
            identity: &identity,
            alias: alias.as_deref(),
            stack_name: &self.scope.context.stack_name,
        };
        let made = event::read(&owner, self.scope.context, &mut fields)?;
        let metadata = self.resolve_metadata(&fields.place, &entry.value)?;
        let own_role = self.scope.role_of_function(id);
        let mut function = function::read(id, identity, own_role, metadata, fields)?;
        function.permissions.extend(made.permissions);
        if function.role_is_own {
            for policy in made.role_policies {
                if !function.role_policies.contains(&policy) {
                    function.role_policies.push(policy);
                }
            }
        }
        for (at, name) in made.inert {
            let text = format!("no event {name} arrives: nothing here sends it");
            self.note(at, id, &text);
        }
        self.template.functions.push(function);
        for rule in &made.rules {
            self.add_place_of_sql(&rule.logical_id, &["Properties", "Sql"]);
        }
        self.template.schedules.extend(made.schedules);
        self.template.rules.extend(made.rules);
        self.template.event_sources.extend(made.sources);
        Ok(())
    }

    fn resolve_metadata(
        &self,
        place: &Place,
        resource: &Node,
    ) -> Result<Option<Fields>, TemplateError> {
        let Some(metadata) = resource.get("Metadata") else {
            return Ok(None);
        };
        self.scope
            .resolve(place, metadata)?
            .map(|node| Fields::new(place.clone(), "Metadata", node))
            .transpose()
    }

    pub(super) fn add_layer(
        &mut self,
        id: &str,
        identity: Identity,
        fields: Fields,
        entry: &Entry,
    ) -> Result<(), TemplateError> {
        let metadata = self.resolve_metadata(&fields.place, &entry.value)?;
        let layer = layer::read(id, identity, metadata, fields)?;
        self.template.layers.push(layer);
        Ok(())
    }
}
