/** What `expect` uses of jest-message-util, which shows the source of a failure from the disk; a page shows the stack. */

export const formatStackTrace = (stack: string): string => stack;

export const formatExecError = (error: unknown): string => String(error);

export const separateMessageFromStack = (stack: string): { message: string; stack: string } => ({ message: '', stack });
