/**
 * Options of a layer's parameters come from one mapped type (`WeightOptions<'kernel' | 'bias'>`), which has no place for a comment
 * on each. This plugin of TypeDoc writes them, so that every option in the reference says what it does.
 */
import { Comment, Converter, ReflectionKind } from 'typedoc';

/** @type {Record<string, (role: string) => string>} */
const sentences = {
  Initializer: (role) => `How the ${role} begins: the name of an initializer, or one with options.`,
  Regularizer: (role) => `A penalty on the ${role} that is added to the loss; none unless given.`,
  Constraint: (role) => `What the ${role} is made to keep after each step of the optimizer; nothing unless given.`,
};

export function load(/** @type {import('typedoc').Application} */ app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const reflection of context.project.getReflectionsByKind(ReflectionKind.Property)) {
      const [, role, part] = /^(\w+)(Initializer|Regularizer|Constraint)$/.exec(reflection.name) ?? [];
      if (role === undefined || part === undefined || reflection.comment !== undefined) continue;
      const words = role.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      reflection.comment = new Comment([{ kind: 'text', text: sentences[part]?.(words) ?? '' }]);
    }
  });
}
