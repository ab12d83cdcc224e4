import torch,os,collections,pickle
d='/tmp/wt/pretrained/packages/core/test/golden/torch'; os.makedirs(d,exist_ok=True)
g=torch.Generator().manual_seed(1)
a=torch.arange(6,dtype=torch.float32).reshape(2,3)
base=torch.arange(12,dtype=torch.float32)
state=collections.OrderedDict(a=a, turned=a.t(), part=base[3:9].reshape(2,3), half=a.half(), brain=a.bfloat16(), long=torch.tensor([1,2,3]), scalar=torch.tensor(2.5), flag=torch.tensor([True,False]))
torch.save(state,d+'/zip.pth'); torch.save(state,d+'/legacy.pth',_use_new_zipfile_serialization=False)
torch.save({'epoch':3,'state_dict':state,'name':'x'},d+'/training.pt')
class Evil:
    def __reduce__(self): return (os.system,('echo harmed',))
torch.save({'a':a,'evil':Evil()},d+'/evil.pth'); 
with open(d+'/evil.pkl','wb') as f: pickle.dump(Evil(),f)
for f in os.listdir(d): print(f,os.path.getsize(d+'/'+f))
