import { join } from 'node:path';
import ts from 'typescript';
import * as ct from './index.js';
import { ones, Tensor, tensor } from './index.js';
import { methodNames } from './methods.js';

/** The members of `interface Tensor` in tensor.ts, as the compiler reads them. */
function membersOfInterface(): { methods: string[]; properties: string[]; undocumented: string[] } {
  const path = join(__dirname, 'tensor.ts');
  const source = ts.createSourceFile(path, ts.sys.readFile(path)!, ts.ScriptTarget.ES2022, true);
  const found = source.statements.filter(ts.isInterfaceDeclaration).filter(({ name }) => name.text === 'Tensor');
  const members = found.flatMap((declaration) => [...declaration.members]);
  const names = (kind: (member: ts.Node) => boolean): string[] =>
    members.filter(kind).map((member) => member.name!.getText(source));
  return {
    methods: names(ts.isMethodSignature),
    properties: names(ts.isPropertySignature),
    undocumented: names((member) => ts.getJSDocCommentsAndTags(member).length === 0),
  };
}

describe('the methods of Tensor', () => {
  const { methods, properties, undocumented } = membersOfInterface();

  it('are exactly the signatures of the interface, in its order', () => {
    expect(methods.length).toBeGreaterThan(40);
    expect([...methodNames]).toEqual(methods);
  });

  it('are all there at run time, and so are the properties', () => {
    for (const name of methods)
      expect(typeof Object.getOwnPropertyDescriptor(Tensor.prototype, name)?.value).toBe('function');
    expect(properties).toEqual(['T', 'mT']);
    for (const name of properties)
      expect(typeof Object.getOwnPropertyDescriptor(Tensor.prototype, name)?.get).toBe('function');
  });

  it('each have a line of documentation', () => {
    expect(undocumented).toEqual([]);
  });

  it('do not show up when the properties of a tensor are listed', () => {
    const listed: string[] = [];
    for (const key in tensor([1])) listed.push(key);
    expect(listed.filter((key) => methods.includes(key))).toEqual([]);
  });

  it('are also functions of the package, arithmetic under NumPy’s names', () => {
    const elsewhere: Record<string, string> = {
      sub: 'subtract',
      mul: 'multiply',
      div: 'divide',
      pow: 'power',
      neg: 'negative',
    };
    const functions = ct as unknown as Record<string, unknown>;
    for (const name of methods) {
      if (!['toString', 'toHTML'].includes(name))
        expect([name, typeof functions[elsewhere[name] ?? name]]).toEqual([name, 'function']);
    }
  });

  it('compute what the functions do', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(x.sub(1).toArray()).toEqual(ct.subtract(x, 1).toArray());
    expect(x.div(2).toArray()).toEqual(ct.divide(x, 2).toArray());
    expect(x.greater(2).where(x, 0).toArray()).toEqual(ct.where(ct.greater(x, 2), x, 0).toArray());
    expect(x.T.toArray()).toEqual(ct.permute(x).toArray());
    expect(x.mT.toArray()).toEqual(ct.swapAxes(x, -1, -2).toArray());
    expect(x.matmul(ones([2])).toArray()).toEqual(ct.matmul(x, ones([2])).toArray());
  });
});
