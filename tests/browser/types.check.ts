/** Read by tsc alone: the hand-written `index.d.ts` says of each class what the class itself says. */
import { Chat, ChatModel, CosaError, type Generation } from '../../pkg/index.js';
import { Chat as RealChat } from '../../pkg/chat.js';
import { CosaError as RealError } from '../../pkg/errors.js';
import { Generation as RealGeneration } from '../../pkg/generation.js';
import { ChatModel as RealModel } from '../../pkg/model.js';

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

export const load: typeof ChatModel.load = RealModel.load;
export const sameModelNames: Same<keyof RealModel, keyof ChatModel> = true;
export const sameChatNames: Same<keyof RealChat, keyof Chat> = true;
export const asModel = (real: RealModel): ChatModel => real;
export const asChat = (real: RealChat): Chat => real;
export const asGeneration = (real: RealGeneration): Generation => real;
export const asError = (real: RealError): CosaError => real;
